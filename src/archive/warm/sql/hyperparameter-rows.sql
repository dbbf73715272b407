-- The hyperparameters of each run that came from Redis, a row a run: with ON_DELETE=delete a daemon that sees a part of them takes the
-- rest for deleted.
-- {table}
-- $1 runs (ids in Postgres)
-- Result: p0 (the run), parts (JSON: [redis_key, name, value] of each)
SELECT t.training_run_id AS p0, json_agg(json_build_array(t.redis_key, t.param_name, t.param_value)) AS parts
FROM unnest($1::bigint[]) AS v (id) JOIN {table} t ON t.training_run_id = v.id
WHERE t.redis_key IS NOT NULL
GROUP BY 1
