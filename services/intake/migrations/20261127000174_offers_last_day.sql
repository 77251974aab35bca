-- migrate:up
ALTER TABLE case_index ADD COLUMN offered_due date;
COMMENT ON COLUMN case_index.offered_due IS 'Until when is the open offer of custody to be answered?';
UPDATE case_index c SET offered_due = (
    SELECT (convert_from(e.body, 'utf8')::json -> 'data' ->> 'due')::date FROM event e
    WHERE e.stream = 'journey-'::text || c.journey::text AND e.type = 'gov.intake.custody-offered.v1'
        AND convert_from(e.body, 'utf8')::json -> 'data' ->> 'case_no' = c.case_no
    ORDER BY e.version DESC LIMIT 1)
WHERE c.offered_body IS NOT NULL;

-- migrate:down
ALTER TABLE case_index DROP COLUMN offered_due;
