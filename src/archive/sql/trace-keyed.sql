-- How many rows the records under a key of parents became, whichever of the records that had the parents' ids they belong to.
-- {table} the target; {parents} conditions on the parents' columns; {narrowed} what else the key says, or true
-- Result: count, first, last (ids)
SELECT count(*) AS count, min(t.id) AS first, max(t.id) AS last
FROM {table} t
WHERE t.redis_key IS NOT NULL AND {parents} AND {narrowed}
