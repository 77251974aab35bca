-- migrate:up
CREATE TABLE item (
    item_code      text    NOT NULL,
    version        integer NOT NULL,
    effective_from date    NOT NULL,
    retired_from   date,
    fact           text    NOT NULL,
    PRIMARY KEY (item_code, version)
);
COMMENT ON TABLE item IS 'What does the catalogue promise, by version? The fact as it was published.';

CREATE TABLE body (
    body_uscc text PRIMARY KEY,
    region    text NOT NULL,
    fact      text NOT NULL
);
COMMENT ON TABLE body IS 'Which bodies are registered, and where are they?';

CREATE TABLE venue (
    venue_id text   PRIMARY KEY,
    region   text   NOT NULL,
    kind     text   NOT NULL,
    mandates text[] NOT NULL,
    fact     text   NOT NULL
);
COMMENT ON TABLE venue IS 'Where can people come, and for whom may be accepted there?';

CREATE TABLE calendar (
    year    integer PRIMARY KEY,
    version integer NOT NULL,
    fact    text    NOT NULL
);
COMMENT ON TABLE calendar IS 'The newest working calendar of each year.';

CREATE TABLE partner (
    partner     text    PRIMARY KEY,
    kind        text    NOT NULL,
    body_uscc   text,
    fact        text    NOT NULL,
    topics_made boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE partner IS 'Who may write to which pair of topics, and do these topics exist yet?';

CREATE TABLE journey_index (
    journey       uuid        PRIMARY KEY,
    subject_ref   text,
    item_code     text        NOT NULL,
    first_contact timestamptz NOT NULL,
    attachable    boolean     NOT NULL,
    outcome       text
);
CREATE UNIQUE INDEX journey_open ON journey_index (subject_ref, item_code) WHERE attachable;
COMMENT ON TABLE journey_index IS 'Which open journey does a person''s next visit or application about an item belong to? At most one.';

CREATE TABLE visit_index (
    visit_id uuid PRIMARY KEY,
    journey  uuid NOT NULL
);
COMMENT ON TABLE visit_index IS 'On which journey does a visit count?';

CREATE TABLE case_index (
    case_no          text        PRIMARY KEY,
    journey          uuid        NOT NULL,
    receipt_no       text        NOT NULL UNIQUE,
    subject_ref      text        NOT NULL,
    item_code        text        NOT NULL,
    item_version     integer     NOT NULL,
    submitted_role   text        NOT NULL,
    submitted_by     text        NOT NULL,
    submitted_at     timestamptz NOT NULL,
    handling_body    text        NOT NULL,
    handling_region  text        NOT NULL,
    receiving_body   text        NOT NULL,
    receiving_region text        NOT NULL,
    holder_body      text        NOT NULL,
    holder_region    text        NOT NULL,
    offered_body     text,
    offered_region   text,
    situation        text        NOT NULL,
    due              date,
    changed_at       timestamptz NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX case_index_holder ON case_index (holder_body, situation, case_no);
CREATE INDEX case_index_journey ON case_index (journey);
COMMENT ON TABLE case_index IS 'Where is a case, who holds it, who submitted it, and what is it waiting for?';

CREATE TABLE person (
    subject_ref text        PRIMARY KEY,
    name        text,
    phone       text,
    email       text,
    language    text        NOT NULL,
    region      text        NOT NULL,
    changed_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE person IS 'How can a person be reached? The only place that knows; a row can be erased without touching the record.';

CREATE TABLE contact_access (
    n       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    caller  text        NOT NULL,
    journey uuid        NOT NULL,
    case_no text,
    found   boolean     NOT NULL
);
COMMENT ON TABLE contact_access IS 'Who asked for somebody''s contact details, and when?';

GRANT SELECT, INSERT, UPDATE, DELETE ON item, body, venue, calendar, partner, journey_index, visit_index, case_index,
    person TO runonce_app;
GRANT SELECT, INSERT ON contact_access TO runonce_app;

-- migrate:down
DROP TABLE item, body, venue, calendar, partner, journey_index, visit_index, case_index, person, contact_access;
