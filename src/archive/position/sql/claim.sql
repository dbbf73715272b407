-- Makes somebody the owner of a stream that has none, or whose owner has shown no sign of life for a while. Never waits for an
-- owner in the middle of a transaction, for that is a sign of life. A sign of life in the future is as old: the clock was put back since.
-- $1 stream, $2 who, $3 milliseconds of silence after which an owner counts as dead
-- Result: one row when it worked: epoch, incarnation, life, entry_id, seen; and, if the owner before has not given the stream up, former
-- (that owner) and silent_since (its last sign of life, milliseconds since 1970)
UPDATE millrace.checkpoint c
SET epoch = c.epoch + 1, owner = $2, heartbeat = clock_timestamp()
FROM (
  SELECT stream, owner, heartbeat FROM millrace.checkpoint
  WHERE stream = $1
    AND (owner IS NULL OR heartbeat IS NULL OR heartbeat NOT BETWEEN clock_timestamp() - $3 * interval '1 millisecond' AND clock_timestamp() + $3 * interval '1 millisecond')
  FOR UPDATE SKIP LOCKED) before
WHERE c.stream = before.stream
RETURNING c.epoch, c.incarnation, c.entry_id, c.seen,
  (SELECT life FROM millrace.incarnations i WHERE i.incarnation = c.incarnation) AS life,
  before.owner AS former, (extract(epoch FROM before.heartbeat) * 1000)::bigint AS silent_since
