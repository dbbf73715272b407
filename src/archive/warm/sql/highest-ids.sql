-- The highest Redis id that Postgres knows of, by kind: of rows, of records whose rows are gone, of parked records and of the parents they
-- wait for, and of the counters when they were last seen. Ids of over 15 digits do not count: no counter reaches them.
-- {dated}: kind and highest id of each table whose rows have Redis ids themselves, each after UNION ALL
-- $1 kinds, $2 for each the kind whose id comes first in its keys: itself, or a parent, $3 for each what its keys begin with
-- Result: kind, highest
WITH kinds AS (
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS k (kind, counted, prefix)
), letters AS (
  SELECT counted, substring(substr(text, length(start) + 1) FROM '^([1-9][0-9]{0,14})(?::|$)') AS id
  FROM millrace.dead_letters, kinds, LATERAL (VALUES (key, prefix), (waiting_for, kinds.kind || ':')) AS t (text, start)
  WHERE starts_with(text, start)
)
SELECT kind, max(id) AS highest FROM (
  SELECT kind, redis_id AS id FROM millrace.id_map
  {dated}
  UNION ALL SELECT counted, id::bigint FROM letters
  UNION ALL SELECT c.key, c.value::bigint FROM millrace.checkpoint, json_each_text(seen -> 'counters') AS c
    WHERE c.value ~ '^[0-9]{1,15}$'
) used
WHERE id < 1000000000000000
GROUP BY kind
