-- The row of a key of the user's own, which its key's columns tell; the newest first where records have had it one after the other.
-- {table} the target; {key} its key's columns, from $4 on; {number} see rowNumber; {times}, {committed} as in trace-mapped.sql;
-- {created} the creation time, or NULL; {followed} what millrace.followed has the md5 of
-- $1 kind, $2 the key behind its prefix (or followedStart of it), $3 the stream that the checkpoint is of
-- Result: follows (whether the key's deletion would be followed), stays (whether it never is, for the row was there before), created,
-- owned, alive, times, committed, altered
SELECT EXISTS (
    SELECT FROM millrace.followed f JOIN millrace.incarnations i USING (life) JOIN millrace.checkpoint c USING (incarnation)
    WHERE f.kind = $1 AND f.key = md5({followed})::uuid AND c.stream = $3 AND NOT f.theirs) AS follows,
  EXISTS (SELECT FROM millrace.followed f WHERE f.kind = $1 AND f.key = md5({followed})::uuid AND f.theirs) AS stays,
  {created} AS created, true AS owned, true AS alive, {times} AS times, {committed} AS committed,
  (SELECT string_agg(DISTINCT a.columns, ', ') FROM millrace.altered a WHERE a.kind = $1 AND a.pg_id = {number}) AS altered
FROM {table} t
WHERE {key}
ORDER BY created DESC
