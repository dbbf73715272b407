-- Every row that some record under a Redis id was mapped to: after a flush ids come back and mean others.
-- {table} the target; {times} its time columns, as one JSON object; {committed} when the row was last written, or NULL
-- $1 kind, $2 Redis id
-- Result: id, created, owned, alive, times, committed, altered (columns that Postgres changes on write, or NULL); the newest
-- identity first
SELECT m.pg_id AS id, to_char(m.created_at, 'YYYY-MM-DD HH24:MI:SS.US') AS created, m.owned, t.id IS NOT NULL AS alive, {times} AS times, {committed} AS committed,
  (SELECT string_agg(DISTINCT a.columns, ', ') FROM millrace.altered a WHERE a.kind = m.kind AND a.pg_id = m.pg_id AND a.guest <> m.owned) AS altered
FROM millrace.id_map m
LEFT JOIN {table} t ON t.id = m.pg_id
WHERE m.kind = $1 AND m.redis_id = $2
ORDER BY m.created_at DESC
LIMIT 100
