-- How many rows the records under a key of parents became, whichever of the records that had the parents' ids they belong to.
-- {table} the target, {kind} its kind; {parents} conditions on the parents' columns; {narrowed} what else the key says, or true
-- Result: count, first, last (ids), altered (columns that Postgres changes on write, or NULL)
SELECT count(DISTINCT t.id) AS count, min(t.id) AS first, max(t.id) AS last, string_agg(DISTINCT a.columns, ', ') AS altered
FROM {table} t
LEFT JOIN millrace.altered a ON a.kind = '{kind}' AND a.pg_id = t.id
WHERE t.redis_key IS NOT NULL AND {parents} AND {narrowed}
