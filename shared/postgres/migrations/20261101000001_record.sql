-- migrate:up
CREATE TABLE event (
    stream      text        NOT NULL,
    version     integer     NOT NULL CHECK (version > 0),
    id          uuid        NOT NULL,
    type        text        NOT NULL,
    topic       text        NOT NULL,
    partition   smallint    NOT NULL,
    key         text        NOT NULL,
    recorded    timestamptz NOT NULL,
    body        bytea       NOT NULL,
    hash        bytea       NOT NULL,
    CONSTRAINT event_place PRIMARY KEY (stream, version),
    CONSTRAINT event_once UNIQUE (id)
);
COMMENT ON TABLE event IS 'What happened, as the exact bytes that are published. Only ever appended to.';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the record is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE stream_head (
    stream  text PRIMARY KEY,
    version integer NOT NULL,
    hash    bytea   NOT NULL
) WITH (fillfactor = 70);
COMMENT ON TABLE stream_head IS 'Newest version and chained hash of each stream; the row lock that serialises appends.';

CREATE TABLE message (
    id       uuid PRIMARY KEY,
    topic    text        NOT NULL,
    key      text        NOT NULL,
    body     bytea       NOT NULL,
    recorded timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE message IS 'Bytes to publish that are no events: receipts, snapshots, dead letters.';

CREATE TABLE outbox (
    position  bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
    topic     text        NOT NULL,
    partition smallint    NOT NULL,
    key       text        NOT NULL,
    kind      text        NOT NULL CHECK (kind IN ('event', 'message')),
    ref       uuid        NOT NULL,
    recorded  timestamptz NOT NULL
);
COMMENT ON TABLE outbox IS 'What the relay still owes to Kafka. A row leaves only after the broker acknowledged it.';

CREATE TABLE published (
    topic      text     NOT NULL,
    partition  smallint NOT NULL,
    records    bigint   NOT NULL,
    end_offset bigint   NOT NULL,
    PRIMARY KEY (topic, partition)
);
COMMENT ON TABLE published IS 'Distinct outbox rows acknowledged per partition, and the end offset then known.';

CREATE TABLE lease (
    shard  text PRIMARY KEY,
    holder text        NOT NULL,
    epoch  bigint      NOT NULL,
    until  timestamptz NOT NULL
);

CREATE TABLE due (
    stream  text        NOT NULL,
    case_no text        NOT NULL DEFAULT '',
    kind    text        NOT NULL,
    due_at  timestamptz NOT NULL,
    PRIMARY KEY (stream, case_no, kind, due_at)
);
CREATE INDEX due_at_first ON due (due_at);
COMMENT ON TABLE due IS 'What a stream waits for: one timer each, written in the transaction that causes it.';

CREATE TABLE timekeeper (
    single   boolean PRIMARY KEY DEFAULT true CHECK (single),
    held_to  timestamptz NOT NULL
);
COMMENT ON TABLE timekeeper IS 'Until when timers stand still while history is being entered.';

CREATE TABLE idempotency (
    scope       text        NOT NULL,
    key         text        NOT NULL,
    fingerprint bytea       NOT NULL,
    status      smallint,
    answer      bytea,
    location    text,
    created     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (scope, key)
);
COMMENT ON TABLE idempotency IS 'The first answer to each key, kept for ever.';

CREATE TABLE checkpoint (
    grp           text     NOT NULL,
    topic         text     NOT NULL,
    partition     smallint NOT NULL,
    next_offset   bigint   NOT NULL DEFAULT 0,
    epoch         bigint   NOT NULL DEFAULT 0,
    consumed      bigint   NOT NULL DEFAULT 0,
    applied       bigint   NOT NULL DEFAULT 0,
    duplicate     bigint   NOT NULL DEFAULT 0,
    ignored       bigint   NOT NULL DEFAULT 0,
    parked        bigint   NOT NULL DEFAULT 0,
    dead_lettered bigint   NOT NULL DEFAULT 0,
    PRIMARY KEY (grp, topic, partition)
) WITH (fillfactor = 50);
COMMENT ON TABLE checkpoint IS 'How far a consumer group has applied a partition, who may go on, and what became of each record.';

CREATE TABLE seen_head (
    grp     text    NOT NULL,
    source  text    NOT NULL,
    key     text    NOT NULL,
    version integer NOT NULL,
    PRIMARY KEY (grp, source, key)
) WITH (fillfactor = 70);
COMMENT ON TABLE seen_head IS 'The last sequence applied per source and journey: a relay''s duplicate is not above it.';

CREATE TABLE parked (
    n          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    grp        text        NOT NULL,
    key        text        NOT NULL,
    source     text        NOT NULL,
    sequence   integer     NOT NULL,
    topic      text        NOT NULL,
    partition  smallint    NOT NULL,
    kafka_offset bigint    NOT NULL,
    type       text        NOT NULL,
    body       bytea       NOT NULL,
    error_code text        NOT NULL,
    attempts   integer     NOT NULL DEFAULT 1,
    first_seen timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX parked_queue ON parked (grp, key, n);
COMMENT ON TABLE parked IS 'Events that read but failed, and everything of the same journey behind them, in order.';

CREATE TABLE cluster (
    single     boolean PRIMARY KEY DEFAULT true CHECK (single),
    cluster_id text NOT NULL
);
COMMENT ON TABLE cluster IS 'The Kafka cluster that the checkpoints belong to.';

GRANT SELECT, INSERT ON event, message TO runonce_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON stream_head, outbox, published, lease, due, timekeeper, idempotency,
    checkpoint, seen_head, parked, cluster TO runonce_app;

-- migrate:down
DROP TABLE event, stream_head, message, outbox, published, lease, due, timekeeper, idempotency, checkpoint, seen_head,
    parked, cluster;
DROP FUNCTION refuse_change;
