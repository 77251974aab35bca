-- migrate:up
CREATE TABLE projection (
    generation   integer PRIMARY KEY,
    state        text        NOT NULL CHECK (state IN ('asked', 'building', 'live', 'retired', 'failed')),
    asked_by     text        NOT NULL,
    asked_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at   timestamptz,
    finished_at  timestamptz,
    events_total bigint      NOT NULL DEFAULT 0,
    report       jsonb
);
CREATE UNIQUE INDEX projection_one_live ON projection ((true)) WHERE state = 'live';
CREATE UNIQUE INDEX projection_one_next ON projection ((true)) WHERE state IN ('asked', 'building');
COMMENT ON TABLE projection IS 'Every build of the projection. One is live; a rebuild runs beside it in a schema of its own.';

CREATE TABLE watermark (
    generation  integer     NOT NULL,
    service     text        NOT NULL,
    complete_to timestamptz NOT NULL,
    PRIMARY KEY (generation, service)
);
COMMENT ON TABLE watermark IS 'Up to when everything that a service recorded has been applied.';

CREATE TABLE alert (
    id      uuid PRIMARY KEY,
    kind    text             NOT NULL,
    subject text             NOT NULL,
    at      timestamptz      NOT NULL,
    now     double precision NOT NULL,
    before  double precision NOT NULL
);
CREATE INDEX alert_newest ON alert (at DESC);
COMMENT ON TABLE alert IS 'What the windows over the snapshots found worth telling.';

GRANT SELECT, INSERT, UPDATE, DELETE ON projection, watermark, alert TO runonce_app;

CREATE FUNCTION make_generation(n integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    room text := 'p' || n;
    amounts text;
    grp text;
BEGIN
    IF n IS NULL OR n < 1 THEN
        RAISE EXCEPTION 'a generation is a positive number';
    END IF;
    SELECT string_agg(format('n%s bigint NOT NULL DEFAULT 0', i), ', ') INTO amounts FROM generate_series(1, 12) AS i;
    EXECUTE format('CREATE SCHEMA %I', room);
    EXECUTE format(
        'CREATE TABLE %I.journey (
            journey       text COLLATE "C" PRIMARY KEY,
            partition     smallint NOT NULL,
            opened_on     date,
            open          boolean  NOT NULL,
            anonymous     boolean  NOT NULL,
            holder        text,
            holder_region text,
            last_visit_at timestamptz,
            first_day     date,
            last_day      date,
            touches       text     NOT NULL,
            events        integer  NOT NULL,
            body          bytea    NOT NULL
        ) WITH (fillfactor = 70)', room);
    EXECUTE format('CREATE INDEX journey_open ON %I.journey (opened_on) WHERE open', room);
    EXECUTE format('CREATE INDEX journey_visited ON %I.journey (last_visit_at)', room);
    EXECUTE format(
        'CREATE TABLE %I.cell (
            grp       text COLLATE "C" NOT NULL,
            region    text COLLATE "C" NOT NULL,
            other     text COLLATE "C" NOT NULL,
            item      text COLLATE "C" NOT NULL,
            basic     text COLLATE "C" NOT NULL,
            channel   text COLLATE "C" NOT NULL,
            tag       text COLLATE "C" NOT NULL,
            day       date NOT NULL,
            known     date NOT NULL,
            partition smallint NOT NULL,
            %s,
            PRIMARY KEY (grp, day, region, other, item, basic, channel, tag, known, partition)
        ) PARTITION BY LIST (grp)', room, amounts);
    FOREACH grp IN ARRAY ARRAY['delivered', 'extra', 'visit', 'accepted', 'custody', 'decided', 'duty', 'ended'] LOOP
        EXECUTE format('CREATE TABLE %I.%I PARTITION OF %I.cell FOR VALUES IN (%L) WITH (fillfactor = 80)',
                       room, 'cell_' || grp, room, grp);
    END LOOP;
    EXECUTE format('CREATE TABLE %I.cell_else PARTITION OF %I.cell DEFAULT', room, room);
    EXECUTE format(
        'CREATE TABLE %I.wait (
            journey       text COLLATE "C" NOT NULL,
            case_no       text     NOT NULL,
            handover_no   text     NOT NULL,
            partition     smallint NOT NULL,
            from_region   text     NOT NULL,
            to_region     text     NOT NULL,
            item          text     NOT NULL,
            basic         text     NOT NULL,
            channel       text     NOT NULL,
            layer         text     NOT NULL,
            offered_on    date     NOT NULL,
            offered_at    timestamptz NOT NULL,
            offered_known date     NOT NULL,
            due           date     NOT NULL,
            how           text,
            ended_at      timestamptz,
            ended_known   date,
            PRIMARY KEY (journey, case_no, handover_no)
        )', room);
    EXECUTE format('CREATE INDEX wait_open ON %I.wait (due) WHERE how IS NULL', room);
    EXECUTE format(
        'CREATE TABLE %I.catalogue (
            key       text COLLATE "C" PRIMARY KEY,
            partition smallint NOT NULL,
            body      bytea    NOT NULL
        )', room);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO runonce_app', room);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO runonce_app', room);
END $$;
COMMENT ON FUNCTION make_generation IS 'Makes the empty tables of one build; the application may run it but owns nothing.';

CREATE FUNCTION drop_generation(n integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.projection WHERE generation = n AND state = 'live') THEN
        RAISE EXCEPTION 'the live projection is not dropped';
    END IF;
    EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', 'p' || n);
END $$;
COMMENT ON FUNCTION drop_generation IS 'Drops the tables of a retired or failed build.';

REVOKE ALL ON FUNCTION make_generation, drop_generation FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_generation, drop_generation TO runonce_app;

SELECT make_generation(1);
INSERT INTO projection (generation, state, asked_by, started_at, finished_at)
VALUES (1, 'live', 'migration', clock_timestamp(), clock_timestamp());

-- migrate:down
UPDATE projection SET state = 'retired';
SELECT drop_generation(generation) FROM projection;
DROP FUNCTION make_generation, drop_generation;
DROP TABLE projection, watermark, alert;
