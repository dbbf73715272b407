-- Hands rows whose record was deleted to another record that is mapped to them: the newest of the present life of Redis or, if
-- there is none, the newest of all.
-- $1 kind, $2 Postgres ids, $3 life
-- Result: redis_id of the new owners
UPDATE millrace.id_map m SET owned = true
FROM (
  SELECT DISTINCT ON (pg_id) redis_id, created_at FROM millrace.id_map
  WHERE kind = $1 AND pg_id = ANY ($2::bigint[])
  ORDER BY pg_id, (life = $3::int) IS TRUE DESC, created_at DESC, redis_id DESC
) heir
WHERE m.kind = $1 AND m.redis_id = heir.redis_id AND m.created_at = heir.created_at
RETURNING m.redis_id
