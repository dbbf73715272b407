-- The newest predictions of each version, among those that came from Redis.
-- {table}, {columns}, and since, a condition, and limit
-- $1 versions (ids in Postgres)
-- Result: redis_id, superseded (the id belongs to a newer prediction), the columns
SELECT t.redis_id, {columns},
  EXISTS (SELECT FROM {table} n WHERE n.redis_id = t.redis_id AND n."timestamp" > t."timestamp") AS superseded
FROM unnest($1::bigint[]) AS v (id)
CROSS JOIN LATERAL (
  SELECT * FROM {table} p WHERE p.model_version_id = v.id AND p.redis_id IS NOT NULL AND {since}
  {limit}
) t
