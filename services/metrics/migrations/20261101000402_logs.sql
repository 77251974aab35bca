-- migrate:up
CREATE TABLE log_fact (
    generation   integer  NOT NULL,
    journey      text COLLATE "C" NOT NULL,
    sequence     integer  NOT NULL,
    topic        text     NOT NULL,
    partition    smallint NOT NULL,
    kafka_offset bigint   NOT NULL,
    origin       text     NOT NULL,
    region       text     NOT NULL,
    case_ref     text     NOT NULL,
    zone         text     NOT NULL,
    file         text     NOT NULL,
    row          bigint   NOT NULL,
    rule         text     NOT NULL,
    phase        text     NOT NULL,
    kind         text,
    occurred     timestamptz NOT NULL,
    known        timestamptz NOT NULL,
    channel      text,
    item         text,
    resource     text,
    started      timestamptz,
    due          timestamptz,
    ended        timestamptz,
    op           text,
    field        text,
    old          text,
    new          text,
    irregular    text     NOT NULL,
    PRIMARY KEY (generation, journey, sequence)
);
CREATE INDEX log_fact_origin ON log_fact (generation, origin, region, journey);
COMMENT ON TABLE log_fact IS 'Rows of other people''s logs, one fact each. Every figure about a log is a query over these rows.';

CREATE FUNCTION forget_log_facts() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM log_fact WHERE generation = NEW.generation;
    RETURN NULL;
END $$;
CREATE TRIGGER projection_forgets_logs AFTER UPDATE OF state ON projection
    FOR EACH ROW WHEN (NEW.state IN ('retired', 'failed')) EXECUTE FUNCTION forget_log_facts();
GRANT SELECT, INSERT ON log_fact TO runonce_app;

-- migrate:down
DROP TRIGGER projection_forgets_logs ON projection;
DROP FUNCTION forget_log_facts;
DROP TABLE log_fact;
