-- Settings and leftovers that make an archive less safe than it looks.
-- $1 schema and $2 names of the archive's tables
-- Result: one row: fsync, full_page_writes, disabled (triggers of ours), invalid (indexes)
SELECT current_setting('fsync') AS fsync,
  current_setting('full_page_writes') AS full_page_writes,
  (SELECT string_agg(format('%s on %s', g.tgname, c.relname), ', ' ORDER BY c.relname, g.tgname)
    FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE g.tgenabled IN ('D', 'R') AND g.tgname LIKE 'millrace%' AND n.nspname = $1 AND c.relname = ANY ($2)) AS disabled,
  (SELECT string_agg(i.indexrelid::regclass::text, ', ')
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT i.indisvalid AND n.nspname = $1 AND c.relname = ANY ($2)) AS invalid
