-- migrate:up
ALTER TABLE calendar
    ADD COLUMN n bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    ADD COLUMN event uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN correlation uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN published_at timestamptz NOT NULL DEFAULT clock_timestamp();
COMMENT ON COLUMN calendar.n IS 'In which order were the calendars heard?';
COMMENT ON COLUMN calendar.event IS 'Which event published it? An identity of its own for what an older release heard.';

ALTER TABLE worklist ADD COLUMN computed_by bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN worklist.computed_by IS 'Up to which calendar (its n) are due dates and timers computed? A lower one than the newest is made up for.';
CREATE INDEX worklist_behind ON worklist (computed_by, journey) WHERE situation IN ('running', 'suspended');

-- migrate:down
DROP INDEX worklist_behind;
ALTER TABLE worklist DROP COLUMN computed_by;
ALTER TABLE calendar DROP COLUMN n, DROP COLUMN event, DROP COLUMN correlation, DROP COLUMN published_at;
