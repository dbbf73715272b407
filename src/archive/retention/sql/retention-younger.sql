-- Metrics that have rows which retention does not cover. {table} is the target.
-- $1 runs (Postgres ids), $2 time
-- Result: run, series (name:split, as in the key)
SELECT DISTINCT training_run_id AS run, metric_name || ':' || split AS series FROM {table}
WHERE training_run_id = ANY ($1::bigint[]) AND redis_key IS NOT NULL AND ("timestamp" < $2) IS NOT TRUE
