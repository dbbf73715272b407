-- Parked records to try again: the oldest that are due, all of one life of Redis, at least one, and together not too many bytes.
-- $1 how many at the most, $2 bytes of contents after which no more are wanted, $3 the kinds that are served
-- Result: id, kind, redis_key, payload, waiting_for, created, life
SELECT l.id, l.kind, l.redis_key, l.payload, l.waiting_for, l.created, l.life
FROM (
  SELECT id, sum(octet_length(payload)) OVER (ORDER BY id) - octet_length(payload) AS before
  FROM millrace.dead_letters
  WHERE due AND kind = ANY ($3::text[])
    AND life IS NOT DISTINCT FROM (SELECT life FROM millrace.dead_letters WHERE due AND kind = ANY ($3::text[]) ORDER BY id LIMIT 1)
  ORDER BY id LIMIT $1
) due
JOIN millrace.dead_letters l USING (id)
WHERE COALESCE(due.before, 0) < $2
ORDER BY l.id
