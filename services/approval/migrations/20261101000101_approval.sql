-- migrate:up
CREATE TABLE calendar (
    year            integer NOT NULL,
    version         integer NOT NULL,
    days_off        date[]  NOT NULL,
    makeup_workdays date[]  NOT NULL,
    PRIMARY KEY (year, version)
);
CREATE TABLE partner (
    partner   text PRIMARY KEY,
    body_uscc text NOT NULL,
    region    text NOT NULL
);
CREATE TABLE worklist (
    case_no         text PRIMARY KEY,
    journey         uuid NOT NULL,
    body            text NOT NULL,
    item_code       text NOT NULL,
    situation       text NOT NULL CHECK (situation IN ('running', 'suspended', 'granted', 'refused', 'withdrawn')),
    accepted_at     timestamptz NOT NULL,
    promised_due    date NOT NULL,
    statutory_due   date NOT NULL,
    calendar_version text NOT NULL,
    card            text CHECK (card IN ('reminder', 'yellow', 'red')),
    suspended_since timestamptz,
    procedure       text,
    decided_at      timestamptz
);
CREATE INDEX worklist_due ON worklist (body, promised_due) WHERE situation IN ('running', 'suspended');
CREATE INDEX worklist_open ON worklist (journey) WHERE situation IN ('running', 'suspended');
COMMENT ON TABLE worklist IS 'What is due next, and for whom.';
GRANT SELECT, INSERT, UPDATE, DELETE ON calendar, partner, worklist TO runonce_app;

-- migrate:down
DROP TABLE calendar, partner, worklist;
