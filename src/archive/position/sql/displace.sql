-- Ends what the owner before has under way: it can never be committed, and has rows that nobody else can write until it ends. Whether
-- it is silent does not matter any more. A standby asks for its turn over a connection of the same name, but writes to our own tables alone.
-- $1 application names of an owner's connections
-- Result: one row for each of these sessions
SELECT pg_terminate_backend(a.pid) AS ended
FROM pg_stat_activity a
WHERE a.application_name = ANY ($1) AND a.usename = current_user AND a.datname = current_database() AND a.pid <> pg_backend_pid()
  AND EXISTS (
    SELECT FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
    WHERE l.pid = a.pid AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND l.mode = 'RowExclusiveLock' AND c.relnamespace <> 'millrace'::regnamespace)
