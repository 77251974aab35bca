-- migrate:up
-- The newest attempt repeats one whose end is not known, and its own end is not known either.
ALTER TABLE intent ADD COLUMN repeated boolean NOT NULL DEFAULT false;

-- migrate:down
ALTER TABLE intent DROP COLUMN repeated;
