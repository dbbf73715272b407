-- Keys of a mapping of the user's own that hold several records each: one row for each key, with all of them that were not deleted there.
-- {table}; {keys}: the parts of the key, each with a comma behind it; {item}: what tells the records of a key apart; {columns}: of each, as
-- text, with a comma before it; {group}: the parts, for GROUP BY; {ours}, {since}: conditions
-- Result: k0 … the parts of the key, items (JSON: [item, columns …] of each, in their order)
SELECT {keys} json_agg(ARRAY[t.{item}::text{columns}] ORDER BY t.{item}) AS items
FROM {table} t WHERE {ours} AND {since}
{group} HAVING count(*) > 0
