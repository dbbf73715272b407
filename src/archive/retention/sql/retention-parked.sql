-- Which of these records are parked, whatever Postgres has of them.
-- $1 kind, $2 keys in Redis
-- Result: n (from 1)
SELECT w.n
FROM unnest($2::bytea[]) WITH ORDINALITY AS w (key, n)
WHERE w.key IN (SELECT redis_key FROM millrace.dead_letters WHERE kind = $1)
