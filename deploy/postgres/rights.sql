-- What each login of roles.sql may do. After each `callscribe migrate`, as callscribe_migrate, who owns the tables:
--     psql --set ON_ERROR_STOP=1 --file rights.sql "postgresql://callscribe_migrate@HOST/callscribe?sslmode=verify-full&sslrootcert=ca.pem"
-- In one transaction, so that no process notices. Nobody may change a table, empty it, or make one.
BEGIN;

REVOKE ALL ON ALL TABLES IN SCHEMA public
    FROM callscribe_api, callscribe_dispatcher, callscribe_worker, callscribe_deliver, callscribe_operator;

-- The API checks a key, and says which workers are there. All else it does as callscribe_tenant, who sees the rows of one owner, and may not touch
-- what was done before.
GRANT SELECT, UPDATE (last_used_at) ON api_keys TO callscribe_api;
GRANT SELECT ON prepare_workers TO callscribe_api;
REVOKE ALL ON alembic_version FROM callscribe_tenant;
REVOKE UPDATE, DELETE ON audit_entries FROM callscribe_tenant;

-- The dispatcher announces, reaps and purges, and reads no call and no secret. What it erases because an owner's
-- policy says so, it notes.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO callscribe_dispatcher;
REVOKE ALL ON alembic_version, api_keys, audit_entries, hypotheses, transcripts, webhook_secrets FROM callscribe_dispatcher;
REVOKE INSERT, UPDATE, DELETE ON owners FROM callscribe_dispatcher;
GRANT SELECT (job_id), DELETE ON transcripts TO callscribe_dispatcher;
GRANT SELECT (id, created_at), INSERT ON audit_entries TO callscribe_dispatcher;

-- Workers of prepare, finish and transcribe read and write calls. A job of a batch may name a webhook of its own,
-- whose secret they make and never see.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO callscribe_worker;
REVOKE ALL ON alembic_version, api_keys, audit_entries, delivery_attempts, idempotency_keys, webhook_secrets
    FROM callscribe_worker;
REVOKE INSERT, UPDATE, DELETE ON owners FROM callscribe_worker;
-- An owner is locked while its quotas are looked at, which Postgres counts as writing; nothing reads this column.
GRANT UPDATE (created_at) ON owners TO callscribe_worker;
GRANT INSERT, SELECT (created_at) ON webhook_secrets TO callscribe_worker;

-- Workers of deliver talk to strangers: they see what is sent, and no call.
GRANT SELECT, INSERT, UPDATE ON deliveries, webhook_endpoints TO callscribe_deliver;
GRANT SELECT, INSERT ON delivery_attempts, events TO callscribe_deliver;
GRANT SELECT ON webhook_secrets TO callscribe_deliver;

-- Operators give out keys and quotas and read the audit log.
GRANT SELECT, INSERT, UPDATE ON api_keys, owners TO callscribe_operator;
GRANT SELECT, INSERT ON audit_entries TO callscribe_operator;
GRANT SELECT ON jobs, recordings TO callscribe_operator;

GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public
    TO callscribe_dispatcher, callscribe_worker, callscribe_deliver, callscribe_operator;

COMMIT;
