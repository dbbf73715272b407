-- The highest Redis id that Postgres has heard of, by kind: of rows, of records whose rows are gone, of parked ones, of those they
-- wait for, and what the counters were when they were last seen. Not what no counter reaches (over 15 digits): somebody made it up.
-- {predictions}: the table
-- Result: kind, highest
WITH letters AS (
  SELECT regexp_match(text, '^(?:aidb:)?(model|version|dataset|run|experiment|prediction|hyperparam|metric):([1-9][0-9]{0,14})(?::|$)') AS found
  FROM millrace.dead_letters, unnest(ARRAY[key, waiting_for]) AS text
)
SELECT kind, max(id) AS highest FROM (
  SELECT kind, redis_id AS id FROM millrace.id_map
  UNION ALL SELECT 'prediction', max(redis_id) FROM {predictions} WHERE redis_id < 1000000000000000
  UNION ALL SELECT CASE WHEN found[1] IN ('hyperparam', 'metric') THEN 'run' ELSE found[1] END, found[2]::bigint FROM letters WHERE found IS NOT NULL
  UNION ALL SELECT c.key, c.value::bigint FROM millrace.checkpoint, json_each_text(seen -> 'counters') AS c
    WHERE c.value ~ '^[0-9]{1,15}$'
) used
WHERE id < 1000000000000000
GROUP BY kind
