-- Notes which mappings of the user's own are in force, and where their rows are.
-- $1 kinds, $2 tables (qualified and quoted), $3 what their keys begin with
INSERT INTO millrace.mapped AS m (kind, table_name, prefix)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
ON CONFLICT (kind) DO UPDATE SET table_name = EXCLUDED.table_name, prefix = EXCLUDED.prefix, noted_at = now()
WHERE (m.table_name, m.prefix) IS DISTINCT FROM (EXCLUDED.table_name, EXCLUDED.prefix)
