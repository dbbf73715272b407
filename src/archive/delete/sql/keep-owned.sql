-- Keeps the rows that a table has of some owners (runs, mostly), whatever is deleted in Redis from now on. {table} is the target.
-- $1 kind, $2 owners (Redis ids), $3 life, $4 their kind
INSERT INTO millrace.kept AS k (kind, run, up_to)
SELECT DISTINCT $1, m.pg_id, highest.id
FROM millrace.id_map m CROSS JOIN (SELECT max(id) AS id FROM {table}) highest
WHERE m.kind = $4 AND m.redis_id = ANY ($2::bigint[]) AND m.life = $3 AND highest.id IS NOT NULL
ON CONFLICT (kind, run) DO UPDATE SET up_to = GREATEST(k.up_to, EXCLUDED.up_to)
