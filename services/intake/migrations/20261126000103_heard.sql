-- migrate:up
CREATE TABLE letter (
    intent_id uuid        PRIMARY KEY,
    journey   uuid        NOT NULL,
    template  text        NOT NULL,
    channel   text        NOT NULL,
    state     text        NOT NULL,
    at        timestamptz NOT NULL
);
CREATE INDEX letter_journey ON letter (journey, at);
COMMENT ON TABLE letter IS 'Which messages does the person behind a journey get, and what became of each? No address and no text.';

CREATE TABLE clock_move (
    journey      uuid        NOT NULL,
    sequence     integer     NOT NULL,
    case_no      text        NOT NULL,
    fact         text        NOT NULL,
    at           timestamptz NOT NULL,
    reason       text,
    days         integer,
    promised_due date,
    PRIMARY KEY (journey, sequence)
);
CREATE INDEX clock_move_case ON clock_move (case_no, sequence);
COMMENT ON TABLE clock_move IS 'What stopped, moved or extended the time of an accepted case, why, and what day was promised then?';

GRANT SELECT, INSERT, UPDATE, DELETE ON letter, clock_move TO runonce_app;

-- migrate:down
DROP TABLE letter, clock_move;
