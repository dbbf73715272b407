-- Records that are the fields of a hash (hyperparameters), one row for each hash: with ON_DELETE=delete a daemon that saw only a part
-- of them would take the others for deleted.
-- {table}; {parent}: the column that refers to the hash's owner; {name}, {value}: columns
-- $1 parents (ids in Postgres)
-- Result: p0 (the parent), parts (JSON: [redis_key, name, value] of each)
SELECT t.{parent} AS p0, json_agg(json_build_array(t.redis_key, t.{name}, t.{value})) AS parts
FROM unnest($1::bigint[]) AS v (id) JOIN {table} t ON t.{parent} = v.id
WHERE t.redis_key IS NOT NULL
GROUP BY 1
