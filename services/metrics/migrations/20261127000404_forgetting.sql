-- migrate:up
DROP TRIGGER projection_forgets_logs ON projection;
DROP FUNCTION forget_log_facts();

CREATE FUNCTION forget_log_facts(n integer, at_most integer) RETURNS bigint
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
COMMENT ON FUNCTION forget_log_facts IS 'Deletes some facts of a build that is served no more, and says how many they were.';
REVOKE ALL ON FUNCTION forget_log_facts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_log_facts TO runonce_app;

-- migrate:down
DROP FUNCTION forget_log_facts(integer, integer);
CREATE FUNCTION forget_log_facts() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM log_fact WHERE generation = NEW.generation;
    RETURN NULL;
END $$;
CREATE TRIGGER projection_forgets_logs AFTER UPDATE OF state ON projection
    FOR EACH ROW WHEN (NEW.state IN ('retired', 'failed')) EXECUTE FUNCTION forget_log_facts();
