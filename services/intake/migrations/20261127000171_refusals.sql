-- migrate:up
CREATE TABLE refusal (
    case_no      text   PRIMARY KEY,
    reason_codes text[] NOT NULL,
    remedies     text[] NOT NULL
);
COMMENT ON TABLE refusal IS 'Why was a case refused, and what can its applicant do about it? As the decision said.';

GRANT SELECT, INSERT, UPDATE, DELETE ON refusal TO runonce_app;

-- migrate:down
DROP TABLE refusal;
