-- migrate:up
CREATE TABLE arrival (
    case_no        text    PRIMARY KEY,
    handling_body  text    NOT NULL,
    from_afar      boolean NOT NULL,
    complete_since timestamptz
);
COMMENT ON TABLE arrival IS 'From when has a case to be answered that is not accepted yet, and by whom? What an older release heard is not known.';
COMMENT ON COLUMN arrival.complete_since IS 'Since when is everything here? None while no window has received it.';
GRANT SELECT, INSERT, UPDATE, DELETE ON arrival TO runonce_app;

-- migrate:down
DROP TABLE arrival;
