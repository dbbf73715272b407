-- Hyperparameters, metrics or runs of experiments that came from Redis, under the parents given.
-- {table}, {parent}: the column that refers to it, {columns}, {since}: a condition, {order}
-- $1 parents (ids in Postgres)
-- Result: redis_key, the columns
SELECT t.redis_key, {columns}
FROM unnest($1::bigint[]) AS v (id) JOIN {table} t ON t.{parent} = v.id
WHERE t.redis_key IS NOT NULL AND {since}
{order}
