-- Ends the transactions that the owner before has under way: they can never be committed, and they lock rows until they end, whether their
-- owner is silent or not. (A standby asks to be the owner over a connection of the same name; but that writes to our own tables only.)
-- $1 application names of an owner's connections
-- Result: one row for each of these sessions
SELECT pg_terminate_backend(a.pid) AS ended
FROM pg_stat_activity a
WHERE a.application_name = ANY ($1) AND a.usename = current_user AND a.datname = current_database() AND a.pid <> pg_backend_pid()
  AND EXISTS (
    SELECT FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
    WHERE l.pid = a.pid AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND l.mode = 'RowExclusiveLock' AND c.relnamespace <> 'millrace'::regnamespace)
