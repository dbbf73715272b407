-- Ends the session that holds the stream's row and waits for a client that says nothing: that of a frozen owner, of one whose
-- machine is gone, or of ourselves over a connection that was lost. Postgres would keep it for hours; in the middle of a COPY
-- no timeout of its own counts.
-- $1 stream, $2 milliseconds of silence after which an owner counts as dead
-- Result: one row when there was such a session
SELECT pg_terminate_backend(a.pid) AS ended
FROM millrace.checkpoint c
JOIN pg_locks l ON l.locktype = 'transactionid' AND l.transactionid = c.xmax AND l.granted
JOIN pg_stat_activity a ON a.pid = l.pid
WHERE c.stream = $1 AND c.heartbeat < clock_timestamp() - $2 * interval '1 millisecond'
  AND a.wait_event = 'ClientRead' AND a.state_change < clock_timestamp() - $2 * interval '1 millisecond'
  AND a.usename = current_user AND a.pid <> pg_backend_pid()
