-- Notes what was seen of the stream, or starts a new incarnation of it. Of the first one everything counts as its own, what was
-- there before Millrace as well.
-- $1 stream, $2 epoch, $3 incarnation, $4 position, $5 facts of Redis (JSON), $6 whether it is new
-- Result: when the incarnation began
UPDATE millrace.checkpoint
SET began_at = CASE WHEN NOT $6::boolean THEN began_at WHEN incarnation IS NULL THEN '-infinity' ELSE clock_timestamp() END,
    incarnation = $3, entry_id = $4, seen = $5::json, heartbeat = clock_timestamp()
WHERE stream = $1 AND epoch = $2
RETURNING began_at
