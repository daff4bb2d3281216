-- Only for a database that another login has migrated so far: its tables become callscribe_migrate's. Once, between
-- roles.sql and rights.sql, by a superuser:
--     psql --set ON_ERROR_STOP=1 --file owner.sql callscribe
-- Processes that run under the old login go on if it is a superuser; else give them their new ones first.
BEGIN;
SET LOCAL lock_timeout = '5s';

DO $$
DECLARE
    name text;
BEGIN
    -- Sequences of identity columns and indexes go with their tables.
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('ALTER TABLE public.%I OWNER TO callscribe_migrate', name);
    END LOOP;
    FOR name IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'public'::regnamespace LOOP
        EXECUTE format('ALTER ROUTINE %s OWNER TO callscribe_migrate', name);
    END LOOP;
END
$$;

COMMIT;
