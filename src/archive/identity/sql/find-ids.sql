-- Which Postgres rows the identities belong to. {table} is the target; a row that was deleted there is not alive.
-- $1 kind, $2 Redis ids, $3 creation times
-- Result: n (from 1), pg_id, owned, life, alive
SELECT w.n, m.pg_id, m.owned, m.life, EXISTS (SELECT FROM {table} t WHERE t.id = m.pg_id) AS alive
FROM unnest($2::bigint[], $3::timestamptz[]) WITH ORDINALITY AS w (redis_id, created_at, n)
JOIN millrace.id_map m ON m.kind = $1 AND m.redis_id = w.redis_id AND m.created_at = w.created_at
