-- How many records of a kind are to be restored, and how many are not, and why.
-- {kind}, {table}; {chosen}: chosen.sql
-- Result: chosen, superseded (their id belongs to a newer record), shared (another record stands for their row), foreign (rows that
-- no record ever had), ids (of the rows chosen, as an array)
WITH chosen AS ({chosen})
SELECT
  (SELECT count(*) FROM chosen JOIN {table} t ON t.id = pg_id) AS chosen,
  (SELECT count(*) - count(DISTINCT redis_id) FROM millrace.id_map WHERE kind = '{kind}') AS superseded,
  (SELECT count(DISTINCT redis_id) FROM millrace.id_map WHERE kind = '{kind}') - (SELECT count(*) FROM chosen) AS shared,
  (SELECT count(*) FROM {table} t
    WHERE NOT EXISTS (SELECT FROM millrace.id_map m WHERE m.kind = '{kind}' AND m.pg_id = t.id)) AS foreign,
  (SELECT array_agg(pg_id) FROM chosen) AS ids
