-- Ends the sessions of an owner whose client has fallen silent: a frozen process, a machine that is gone, or a connection of our own
-- that was lost. One session has locked the stream's row, the other has locked rows of tables. Postgres would keep them for hours; in the
-- middle of a COPY none of its timeouts counts. What was in the future is as long ago: the clock was put back since.
-- $1 stream, $2 milliseconds of silence after which an owner counts as dead, $3 application name of the second writer
-- Result: one row for each of these sessions
SELECT pg_terminate_backend(a.pid) AS ended
FROM millrace.checkpoint c
CROSS JOIN pg_stat_activity a
CROSS JOIN (SELECT clock_timestamp() - $2 * interval '1 millisecond' AS since, clock_timestamp() + $2 * interval '1 millisecond' AS until) fresh
WHERE c.stream = $1 AND c.heartbeat NOT BETWEEN fresh.since AND fresh.until
  AND a.wait_event = 'ClientRead' AND a.state_change NOT BETWEEN fresh.since AND fresh.until
  AND a.xact_start IS NOT NULL AND a.usename = current_user AND a.datname = current_database() AND a.pid <> pg_backend_pid()
  AND (a.application_name = $3 OR a.pid IN (
    SELECT l.pid FROM pg_locks l WHERE l.locktype = 'transactionid' AND l.transactionid = c.xmax AND l.granted))
