-- Schema and name of the tables that are found without naming their schema, and of the archive's own.
SELECT nspname, relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('r', 'p', 'v', 'm', 'f')
  AND (nspname = 'millrace' OR pg_table_is_visible(pg_class.oid))
  AND nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY nspname, relname
