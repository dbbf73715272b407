-- Hyperparameters, metrics or runs of experiments that came from Redis, under the parents given.
-- {table}, {columns}; {parent}: the column that refers to the parent; {since}: a condition
-- $1 parents (ids in Postgres)
-- Result: redis_key, the columns
SELECT t.redis_key, {columns}
FROM unnest($1::bigint[]) AS v (id) JOIN {table} t ON t.{parent} = v.id
WHERE t.redis_key IS NOT NULL AND {since}
