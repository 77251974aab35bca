-- migrate:up
CREATE TABLE desk_access (
    n       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    caller  text        NOT NULL,
    body    text,
    journey uuid        NOT NULL,
    found   boolean     NOT NULL
);
CREATE INDEX desk_access_journey ON desk_access (journey);
CREATE INDEX contact_access_journey ON contact_access (journey);
COMMENT ON TABLE desk_access IS 'Who looked at somebody''s journey at a desk, for which body, and when?';

GRANT SELECT, INSERT ON desk_access TO runonce_app;

-- migrate:down
DROP TABLE desk_access;
DROP INDEX contact_access_journey;
