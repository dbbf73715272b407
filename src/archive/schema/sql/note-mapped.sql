-- Notes which mappings of the user's own are in force, and where their rows are.
-- $1 kinds, $2 tables (qualified and quoted), $3 what their keys begin with, $4 whether rows of others are in their tables, or may be,
-- $5 the kinds of which that goes for tables noted already, too: of the others it is what was found when the first row was to be written
INSERT INTO millrace.mapped AS m (kind, table_name, prefix, others)
SELECT kind, table_name, prefix, others
FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[]) AS given (kind, table_name, prefix, others)
ON CONFLICT (kind) DO UPDATE SET table_name = EXCLUDED.table_name, prefix = EXCLUDED.prefix, noted_at = now(),
  others = CASE WHEN m.table_name = EXCLUDED.table_name AND m.kind <> ALL ($5::text[]) THEN m.others ELSE EXCLUDED.others END
WHERE (m.table_name, m.prefix) IS DISTINCT FROM (EXCLUDED.table_name, EXCLUDED.prefix)
  OR m.others <> EXCLUDED.others AND m.kind = ANY ($5::text[])
