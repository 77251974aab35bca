-- migrate:up
ALTER TABLE calendar ADD COLUMN rearmed_to text;
COMMENT ON COLUMN calendar.rearmed_to IS 'Up to which stream were timers of silence set anew by this calendar? None if all were.';

-- migrate:down
ALTER TABLE calendar DROP COLUMN rearmed_to;
