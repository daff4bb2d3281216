-- A login for each role of process. Once, before the first `callscribe migrate`, by a superuser in the database of Callscribe:
--     psql --set ON_ERROR_STOP=1 --file roles.sql callscribe
-- then `\password callscribe_migrate` and so on: no password stands here, and without one nobody gets in.
-- rights.sql, after each migration, says what each may do. Running this again changes nothing.
BEGIN;

DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY[
        'callscribe_tenant', 'callscribe_migrate', 'callscribe_api', 'callscribe_dispatcher', 'callscribe_worker',
        'callscribe_deliver', 'callscribe_operator'
    ] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I', role);
        END IF;
    END LOOP;
END
$$;

-- What the API becomes for each request: it sees the rows of one owner. Nobody logs in as this.
ALTER ROLE callscribe_tenant NOLOGIN;

-- Owns the tables, and is used by `callscribe migrate` alone.
ALTER ROLE callscribe_migrate LOGIN;
GRANT callscribe_tenant TO callscribe_migrate WITH INHERIT FALSE, SET TRUE;

-- It inherits nothing: a request that was not put behind the wall is refused, and not shown everything.
ALTER ROLE callscribe_api LOGIN BYPASSRLS;
GRANT callscribe_tenant TO callscribe_api WITH INHERIT FALSE, SET TRUE;

-- These work for all owners: no rule shows them less.
ALTER ROLE callscribe_dispatcher LOGIN BYPASSRLS;
ALTER ROLE callscribe_worker LOGIN BYPASSRLS;
ALTER ROLE callscribe_deliver LOGIN BYPASSRLS;

-- For `callscribe keys`, `owners` and `audit`.
ALTER ROLE callscribe_operator LOGIN BYPASSRLS;

-- Nobody else may come in, and only one may make tables.
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format(
        'GRANT CONNECT ON DATABASE %I TO callscribe_migrate, callscribe_api, callscribe_dispatcher, callscribe_worker, '
        'callscribe_deliver, callscribe_operator',
        current_database()
    );
END
$$;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO callscribe_migrate;

-- Tables of later versions, until rights.sql has been run again.
ALTER DEFAULT PRIVILEGES FOR ROLE callscribe_migrate IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO callscribe_tenant;
ALTER DEFAULT PRIVILEGES FOR ROLE callscribe_migrate IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO callscribe_tenant;
ALTER DEFAULT PRIVILEGES FOR ROLE callscribe_migrate IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO callscribe_dispatcher, callscribe_worker;
ALTER DEFAULT PRIVILEGES FOR ROLE callscribe_migrate IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO callscribe_dispatcher, callscribe_worker, callscribe_deliver, callscribe_operator;

COMMIT;
