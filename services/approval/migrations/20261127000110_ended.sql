-- migrate:up
UPDATE worklist w SET withdrawn_at = (told.event ->> 'time')::timestamptz, reason_codes = ARRAY[told.event -> 'data' ->> 'reason_code']
FROM (SELECT stream, convert_from(body, 'utf8')::json AS event FROM event WHERE type = 'gov.approval.case-withdrawn.v1') AS told
WHERE w.situation = 'withdrawn' AND w.withdrawn_at IS NULL AND told.stream = 'journey-'::text || w.journey::text
    AND told.event -> 'data' ->> 'case_no' = w.case_no;
COMMENT ON COLUMN worklist.withdrawn_at IS 'When was its withdrawal entered?';
COMMENT ON COLUMN worklist.officer_ref IS 'Who decided, or entered the withdrawal? Unknown for a withdrawal that an older release entered.';

CREATE INDEX worklist_ended ON worklist (body, (coalesce(decided_at, withdrawn_at)))
    WHERE coalesce(decided_at, withdrawn_at) IS NOT NULL;
DROP INDEX worklist_decided;

-- migrate:down
CREATE INDEX worklist_decided ON worklist (body, decided_at) WHERE decided_at IS NOT NULL;
DROP INDEX worklist_ended;
COMMENT ON COLUMN worklist.officer_ref IS 'Who decided, or entered the withdrawal?';
COMMENT ON COLUMN worklist.withdrawn_at IS 'When was its withdrawal entered? Unknown for what an older release entered.';
