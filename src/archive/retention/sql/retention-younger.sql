-- Sorted sets that have rows which retention does not cover. {table} is the target, {parent}, {series} and {time} are of its row t.
-- $1 parents (Postgres ids), $2 time
-- Result: parent, series (what follows the parent in the key)
SELECT DISTINCT {parent} AS parent, {series} AS series FROM {table} t
WHERE {parent} = ANY ($1::bigint[]) AND redis_key IS NOT NULL AND ({time} < $2) IS NOT TRUE
