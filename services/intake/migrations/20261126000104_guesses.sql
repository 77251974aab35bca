-- migrate:up
CREATE TABLE guess (
    whose    text        PRIMARY KEY,
    began_at timestamptz NOT NULL,
    wrong    integer     NOT NULL
);
CREATE INDEX guess_age ON guess (began_at);
COMMENT ON TABLE guess IS 'How many wrong status codes were given lately for a receipt, and from an address? Both by keyed hash alone.';

GRANT SELECT, INSERT, UPDATE, DELETE ON guess TO runonce_app;

-- migrate:down
DROP TABLE guess;
