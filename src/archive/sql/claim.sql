-- Becomes the owner of a stream when nobody is, or when the owner has shown no sign of life for a while. Never waits for an owner
-- in the middle of a transaction, which is a sign of life.
-- $1 stream, $2 who, $3 milliseconds of silence after which an owner counts as dead
-- Result: one row when it worked: epoch, incarnation, life, entry_id, seen
UPDATE millrace.checkpoint
SET epoch = epoch + 1, owner = $2, heartbeat = clock_timestamp()
WHERE stream = (
  SELECT stream FROM millrace.checkpoint
  WHERE stream = $1
    AND (owner IS NULL OR heartbeat IS NULL OR heartbeat < clock_timestamp() - $3 * interval '1 millisecond')
  FOR UPDATE SKIP LOCKED)
RETURNING epoch, incarnation, entry_id, seen,
  (SELECT life FROM millrace.incarnations i WHERE i.incarnation = checkpoint.incarnation) AS life
