-- migrate:up
ALTER TABLE seen_head ADD COLUMN event_id uuid;
COMMENT ON COLUMN seen_head.event_id IS 'The event of that sequence: another one under the same number is no duplicate but a conflict.';

-- migrate:down
ALTER TABLE seen_head DROP COLUMN event_id;
