-- migrate:up
-- The default is for what was owed before, and by a release that still runs beside this one.
ALTER TABLE intent ADD COLUMN city text NOT NULL DEFAULT '330000';
CREATE INDEX intent_turn ON intent (city, next_attempt_at) WHERE state IN ('waiting', 'sending');

-- migrate:down
DROP INDEX intent_turn;
ALTER TABLE intent DROP COLUMN city;
