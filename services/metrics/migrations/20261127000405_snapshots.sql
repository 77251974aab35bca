-- migrate:up
CREATE INDEX message_snapshot ON message (recorded) WHERE topic = 'gov.metrics.snapshots.v1';

CREATE FUNCTION forget_snapshots(at_most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    forgotten bigint;
BEGIN
    DELETE FROM public.message WHERE id = ANY (ARRAY(
        SELECT m.id FROM public.message m WHERE m.topic = 'gov.metrics.snapshots.v1'
        AND NOT EXISTS (SELECT FROM public.outbox o WHERE o.kind = 'message' AND o.ref = m.id)
        ORDER BY m.recorded LIMIT at_most));
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END $$;
COMMENT ON FUNCTION forget_snapshots IS 'Deletes the oldest snapshots that Kafka holds; those that are still owed stay.';
REVOKE ALL ON FUNCTION forget_snapshots FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_snapshots TO runonce_app;

-- migrate:down
DROP FUNCTION forget_snapshots;
DROP INDEX message_snapshot;
