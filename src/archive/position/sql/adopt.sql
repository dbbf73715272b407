-- Stores what was seen of the stream, or starts a new incarnation of it.
-- $1 stream, $2 epoch, $3 incarnation, $4 position, $5 facts of Redis (JSON), $6 whether it is new, $7 who we are
-- Result: one row, or none when another instance is the owner
UPDATE millrace.checkpoint
SET began_at = CASE WHEN $6::boolean THEN clock_timestamp() ELSE began_at END, incarnation = $3, entry_id = $4, seen = $5::json, heartbeat = clock_timestamp()
WHERE stream = $1 AND epoch = $2 AND owner = $7
RETURNING stream
