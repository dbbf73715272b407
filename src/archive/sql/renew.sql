-- A sign of life of the owner.
-- $1 stream, $2 epoch
-- Result: no row: another instance is the owner now; else when a full pass was last asked for
UPDATE millrace.checkpoint SET heartbeat = clock_timestamp()
WHERE stream = $1 AND epoch = $2
RETURNING pass_requested_at
