-- Keeps all rows of a table, whatever is deleted in Redis from now on. {table} is the target.
-- $1 kind
INSERT INTO millrace.kept AS k (kind, run, up_to) SELECT $1, 0, max(id) FROM {table} HAVING max(id) IS NOT NULL
ON CONFLICT (kind, run) DO UPDATE SET up_to = GREATEST(k.up_to, EXCLUDED.up_to)
