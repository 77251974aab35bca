-- migrate:up
ALTER TABLE worklist ADD COLUMN extended_wd integer;
COMMENT ON COLUMN worklist.extended_wd IS 'By how many working days was the time limit extended? Unknown for what an older release extended.';

-- migrate:down
ALTER TABLE worklist DROP COLUMN extended_wd;
