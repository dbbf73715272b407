-- The row of a key of the user's own, which its key's columns tell.
-- {table} the target; {key} its key's columns, from $2 on; {number} see rowNumber; {times}, {committed} as in trace-mapped.sql
-- $1 kind
-- Result: owned, alive, times, committed, altered
SELECT true AS owned, true AS alive, {times} AS times, {committed} AS committed,
  (SELECT string_agg(DISTINCT a.columns, ', ') FROM millrace.altered a WHERE a.kind = $1 AND a.pg_id = {number}) AS altered
FROM {table} t
WHERE {key}
