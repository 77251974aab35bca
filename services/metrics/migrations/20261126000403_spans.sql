-- migrate:up
ALTER FUNCTION make_generation(integer) RENAME TO make_rows;

CREATE FUNCTION time_waits(n integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Online cases pass no papers on and stay out of the times.
    EXECUTE format(
        'ALTER TABLE %I.wait ADD seconds bigint GENERATED ALWAYS AS (
            CASE WHEN how = ''accepted'' AND layer = ''physical'' THEN extract(epoch FROM ended_at - offered_at)::bigint END
        ) STORED', 'p' || n);
END $$;

CREATE FUNCTION make_spans(n integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    room text := 'p' || n;
    amounts text;
    grp text;
BEGIN
    SELECT string_agg(format('n%s bigint NOT NULL DEFAULT 0', i), ', ') INTO amounts FROM generate_series(1, 12) AS i;
    EXECUTE format(
        'CREATE TABLE %I.span (
            grp       text COLLATE "C" NOT NULL,
            starts    date NOT NULL,
            region    text COLLATE "C" NOT NULL,
            other     text COLLATE "C" NOT NULL,
            basic     text COLLATE "C" NOT NULL,
            tag       text COLLATE "C" NOT NULL,
            %s,
            PRIMARY KEY (grp, starts, region, other, basic, tag)
        ) PARTITION BY LIST (grp)', room, amounts);
    FOREACH grp IN ARRAY ARRAY['delivered', 'extra', 'visit', 'accepted', 'custody', 'decided', 'duty', 'ended'] LOOP
        EXECUTE format('CREATE TABLE %I.%I PARTITION OF %I.span FOR VALUES IN (%L) WITH (fillfactor = 60)',
                       room, 'span_' || grp, room, grp);
    END LOOP;
    EXECUTE format('CREATE TABLE %I.span_else PARTITION OF %I.span DEFAULT', room, room);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO runonce_app', room);
END $$;

CREATE FUNCTION add_spans(room text, source regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    names text;
    sums text;
    added text;
BEGIN
    SELECT string_agg(format('n%s', i), ', '), string_agg(format('sum(n%s)::bigint', i), ', '),
           string_agg(format('n%1$s = s.n%1$s + excluded.n%1$s', i), ', ')
    INTO names, sums, added FROM generate_series(1, 12) AS i;
    -- Two projectors add to the same rows; as both take them in order, neither waits for the other in a circle.
    EXECUTE format(
        'INSERT INTO %1$I.span AS s (grp, starts, region, other, basic, tag, %3$s)
         SELECT grp,
             CASE grp WHEN ''delivered'' THEN day + 1 - extract(isodow FROM day)::integer
                 ELSE day + 1 - extract(day FROM day)::integer END,
             region, other, basic, CASE grp WHEN ''visit'' THEN '''' ELSE tag END, %4$s
         FROM %2$s GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
         ON CONFLICT (grp, starts, region, other, basic, tag) DO UPDATE SET %5$s', room, source, names, sums, added);
END $$;
COMMENT ON FUNCTION add_spans IS 'Adds cells up over weeks or months, without item and channel; `spans.py` says which questions they answer.';

CREATE FUNCTION make_generation(n integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM public.make_rows(n);
    PERFORM public.time_waits(n);
    PERFORM public.make_spans(n);
END $$;
COMMENT ON FUNCTION make_generation IS 'Makes the empty tables of one build; the application may run it but owns nothing.';

REVOKE ALL ON FUNCTION make_rows, time_waits, make_spans, make_generation FROM PUBLIC, runonce_app;
GRANT EXECUTE ON FUNCTION make_generation TO runonce_app;

DO $$
DECLARE
    n integer;
BEGIN
    FOR n IN SELECT generation FROM projection WHERE to_regclass(format('p%s.cell', generation)) IS NOT NULL LOOP
        PERFORM time_waits(n);
        PERFORM make_spans(n);
        PERFORM add_spans('p' || n, format('p%s.cell', n)::regclass);
    END LOOP;
END $$;

-- migrate:down
DO $$
DECLARE
    n integer;
BEGIN
    FOR n IN SELECT generation FROM projection WHERE to_regclass(format('p%s.span', generation)) IS NOT NULL LOOP
        EXECUTE format('DROP TABLE p%s.span', n);
        EXECUTE format('ALTER TABLE p%s.wait DROP seconds', n);
    END LOOP;
END $$;
DROP FUNCTION make_generation, time_waits, make_spans, add_spans;
ALTER FUNCTION make_rows(integer) RENAME TO make_generation;
GRANT EXECUTE ON FUNCTION make_generation TO runonce_app;
