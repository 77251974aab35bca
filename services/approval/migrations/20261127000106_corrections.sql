-- migrate:up
CREATE TABLE correction (
    case_no text PRIMARY KEY,
    due     date NOT NULL
);
COMMENT ON TABLE correction IS 'Which cases wait for their applicant to hand in what is missing, and until when? What an older release heard is not known.';
GRANT SELECT, INSERT, UPDATE, DELETE ON correction TO runonce_app;

-- migrate:down
DROP TABLE correction;
