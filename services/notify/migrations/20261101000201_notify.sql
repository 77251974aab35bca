-- migrate:up
CREATE TABLE intent (
    intent_id       uuid PRIMARY KEY,
    journey         uuid NOT NULL,
    case_no         text NOT NULL,
    cause_event     uuid NOT NULL,
    template        text NOT NULL,
    recipient_role  text NOT NULL,
    channel         text NOT NULL,
    state           text NOT NULL CHECK (state IN ('suppressed', 'waiting', 'sending', 'sent', 'failed')),
    attempt         integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    sending_since   timestamptz,
    requested_at    timestamptz NOT NULL,
    reason_code     text,
    CONSTRAINT one_for_each_cause UNIQUE (cause_event, template, recipient_role, channel)
);
CREATE INDEX intent_next ON intent (next_attempt_at) WHERE state IN ('waiting', 'sending');
CREATE INDEX intent_newest ON intent (requested_at DESC);
COMMENT ON TABLE intent IS 'Each message owed and how far it is. The intent id is the provider''s key. No address, no text.';
GRANT SELECT, INSERT, UPDATE ON intent TO runonce_app;

-- migrate:down
DROP TABLE intent;
