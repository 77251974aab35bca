-- migrate:up
ALTER TABLE intent ADD COLUMN city text NOT NULL DEFAULT '330000';
ALTER TABLE intent ALTER COLUMN city DROP DEFAULT;
CREATE INDEX intent_turn ON intent (city, next_attempt_at) WHERE state IN ('waiting', 'sending');

-- migrate:down
DROP INDEX intent_turn;
ALTER TABLE intent DROP COLUMN city;
