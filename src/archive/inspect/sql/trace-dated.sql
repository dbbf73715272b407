-- Every row of a record under a Redis id, for kinds whose rows carry their identity.
-- {table} the target; {created} its column with the creation time; {times}, {committed} as in trace-mapped.sql
-- $1 Redis id
-- Result: id, created, owned, alive, times, committed; the newest identity first
SELECT t.id, to_char(t.{created}, 'YYYY-MM-DD HH24:MI:SS.US') AS created, true AS owned, true AS alive, {times} AS times, {committed} AS committed
FROM {table} t
WHERE t.redis_id = $1
ORDER BY t.{created} DESC
LIMIT 100
