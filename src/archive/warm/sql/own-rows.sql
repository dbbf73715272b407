-- Rows of a mapping of the user's own that stand for a key of Redis, and were not deleted there.
-- {rows}: see newestOfKeys; {columns}; {keys}: the parts of the key; {ours}, {since}: conditions
-- Result: k0 … the parts of the key, c0 … the columns
SELECT {keys}, {columns} FROM {rows} t WHERE {ours} AND {since}
