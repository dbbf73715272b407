-- The records of each hash of which every field is one (hyperparameters), a row a hash: with ON_DELETE=delete a daemon that sees a part
-- of them takes the rest for deleted.
-- {table}, {parent}: the column that refers to what the hash belongs to; {name}, {value}: its columns
-- $1 parents (ids in Postgres)
-- Result: p0 (the parent), parts (JSON: [redis_key, name, value] of each)
SELECT t.{parent} AS p0, json_agg(json_build_array(t.redis_key, t.{name}, t.{value})) AS parts
FROM unnest($1::bigint[]) AS v (id) JOIN {table} t ON t.{parent} = v.id
WHERE t.redis_key IS NOT NULL
GROUP BY 1
