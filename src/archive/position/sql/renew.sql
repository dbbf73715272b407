-- A sign of life of the owner.
-- $1 stream, $2 epoch, $3 who we are, $4 facts of Redis (JSON) that were seen since; null: none
-- Result: no row: another instance is the owner now; else when a full pass was last asked for, whether the archive is paused (since when,
-- milliseconds since 1970, and by whom), and how many records are parked
UPDATE millrace.checkpoint SET heartbeat = clock_timestamp(), seen = coalesce($4::json, seen)
WHERE stream = $1 AND epoch = $2 AND owner = $3
RETURNING pass_requested_at, (extract(epoch FROM paused_at) * 1000)::bigint AS paused_at, paused_by,
  (SELECT count(*) FROM millrace.dead_letters) AS parked
