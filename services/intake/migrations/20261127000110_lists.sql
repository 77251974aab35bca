-- migrate:up
CREATE INDEX case_index_handler ON case_index (handling_body, situation, case_no);
CREATE INDEX case_index_submitter ON case_index (submitted_by, situation, case_no) WHERE submitted_role = 'portal';

-- migrate:down
DROP INDEX case_index_handler, case_index_submitter;
