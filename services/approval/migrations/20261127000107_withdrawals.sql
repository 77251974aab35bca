-- migrate:up
ALTER TABLE worklist ADD COLUMN withdrawn_at timestamptz;
COMMENT ON COLUMN worklist.withdrawn_at IS 'When was its withdrawal entered? Unknown for what an older release entered.';
COMMENT ON COLUMN worklist.officer_ref IS 'Who decided, or entered the withdrawal?';
COMMENT ON COLUMN worklist.reason_codes IS 'Why was it refused or withdrawn?';

-- migrate:down
ALTER TABLE worklist DROP COLUMN withdrawn_at;
COMMENT ON COLUMN worklist.officer_ref IS NULL;
COMMENT ON COLUMN worklist.reason_codes IS NULL;
