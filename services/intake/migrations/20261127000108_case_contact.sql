-- migrate:up
ALTER TABLE person ALTER COLUMN language DROP NOT NULL;
COMMENT ON TABLE person IS
    'How can a person be reached, as was first said at a desk? A row can be erased without touching the record, and its cases'' with it.';

CREATE TABLE case_contact (
    case_no     text PRIMARY KEY,
    subject_ref text NOT NULL REFERENCES person ON DELETE CASCADE,
    phone       text,
    email       text,
    language    text
);
CREATE INDEX case_contact_person ON case_contact (subject_ref);
COMMENT ON TABLE case_contact IS 'How did whoever handed a case in want to be reached about it? Erased with the person.';

GRANT SELECT, INSERT, UPDATE, DELETE ON case_contact TO runonce_app;

-- migrate:down
DROP TABLE case_contact;
