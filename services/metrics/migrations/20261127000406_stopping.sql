-- migrate:up
-- No build ever ended as `failed`: one that cannot go on tries again, until somebody stops it.
ALTER TABLE projection DROP CONSTRAINT projection_state_check,
    ADD CONSTRAINT projection_state_check CHECK (state IN ('asked', 'building', 'live', 'retired', 'stopped'));

CREATE OR REPLACE FUNCTION forget_log_facts(n integer, at_most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    forgotten bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM public.projection WHERE generation = n AND state IN ('retired', 'stopped')) THEN
        RAISE EXCEPTION 'only a retired or stopped build is forgotten';
    END IF;
    DELETE FROM public.log_fact WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM public.log_fact WHERE generation = n ORDER BY journey, sequence LIMIT at_most));
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END $$;
COMMENT ON FUNCTION drop_generation IS 'Drops the tables of a retired or stopped build.';

-- migrate:down
COMMENT ON FUNCTION drop_generation IS 'Drops the tables of a retired or failed build.';
CREATE OR REPLACE FUNCTION forget_log_facts(n integer, at_most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    forgotten bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM public.projection WHERE generation = n AND state IN ('retired', 'failed')) THEN
        RAISE EXCEPTION 'only a retired or failed build is forgotten';
    END IF;
    DELETE FROM public.log_fact WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM public.log_fact WHERE generation = n ORDER BY journey, sequence LIMIT at_most));
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END $$;
UPDATE projection SET state = 'retired' WHERE state = 'stopped';
ALTER TABLE projection DROP CONSTRAINT projection_state_check,
    ADD CONSTRAINT projection_state_check CHECK (state IN ('asked', 'building', 'live', 'retired', 'failed'));
