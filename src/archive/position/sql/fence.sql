-- Moves the position, if we are still the owner and the position is the one we expect. The row stays locked until the commit, so that nobody
-- can take over in between. The first statement of every apply; the last one where a page is copied beside the page before.
-- $1 stream, $2 epoch, $3 position expected, $4 position after, $5 who we are
UPDATE millrace.checkpoint
SET entry_id = $4, heartbeat = clock_timestamp(), updated_at = clock_timestamp()
WHERE stream = $1 AND epoch = $2 AND owner = $5 AND entry_id = $3
