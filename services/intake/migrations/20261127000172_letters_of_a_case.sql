-- migrate:up
ALTER TABLE letter ADD COLUMN case_no text;
COMMENT ON COLUMN letter.case_no IS 'Which case is it about? Unknown for what an older release heard.';

-- migrate:down
ALTER TABLE letter DROP COLUMN case_no;
