-- Whether Postgres has these records exactly as they are. {table} is the target; {arrays}: the parameters from $3 on, an array for
-- each of {names}; {identity}, {equal}: conditions on the row t and the record w.
-- $1 kind, $2 keys in Redis
-- Result: for each record n (from 1), there, equal, parked
SELECT w.n, t.id IS NOT NULL AS there, coalesce({equal}, false) AS equal,
  w.key IN (SELECT redis_key FROM millrace.dead_letters WHERE kind = $1) AS parked
FROM unnest($2::bytea[], {arrays}) WITH ORDINALITY AS w (key, {names}, n)
LEFT JOIN {table} t ON {identity}
ORDER BY w.n
