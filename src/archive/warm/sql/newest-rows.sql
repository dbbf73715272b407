-- The newest dated records (predictions) of each parent, among those that came from Redis.
-- {table}, {columns}; {parent} and {time}: columns; {since}: a condition; {limit}
-- $1 parents (ids in Postgres)
-- Result: redis_id, superseded (the id belongs to a newer record), the columns
SELECT t.redis_id, {columns},
  EXISTS (SELECT FROM {table} n WHERE n.redis_id = t.redis_id AND n.{time} > t.{time}) AS superseded
FROM unnest($1::bigint[]) AS v (id)
CROSS JOIN LATERAL (
  SELECT * FROM {table} p WHERE p.{parent} = v.id AND p.redis_id IS NOT NULL AND {since}
  {limit}
) t
