-- migrate:up
CREATE TABLE presence (
    journey    uuid        PRIMARY KEY,
    visit_id   uuid        NOT NULL,
    venue_id   text        NOT NULL,
    local_date date        NOT NULL,
    purpose    text        NOT NULL,
    outcome    text        NOT NULL,
    cause      text        NOT NULL,
    at         timestamptz NOT NULL
);
CREATE INDEX presence_today ON presence (venue_id, local_date);
COMMENT ON TABLE presence IS 'Who was at a venue on a day, for what, and what came of it? The newest visit of each journey.';

CREATE INDEX case_index_desk_holder ON case_index (holder_body)
    WHERE situation IN ('submitted', 'received', 'in-correction', 'decided');
CREATE INDEX case_index_desk_receiver ON case_index (receiving_body)
    WHERE situation IN ('submitted', 'received', 'in-correction', 'decided');
CREATE INDEX case_index_desk_offered ON case_index (offered_body) WHERE offered_body IS NOT NULL;
CREATE INDEX journey_index_person ON journey_index (subject_ref) WHERE subject_ref IS NOT NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON presence TO runonce_app;

-- migrate:down
DROP TABLE presence;
DROP INDEX case_index_desk_holder, case_index_desk_receiver, case_index_desk_offered, journey_index_person;
