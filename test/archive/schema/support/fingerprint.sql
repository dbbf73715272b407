-- What pg_dump --schema-only would tell, one line each, and which file holds each table (a rewrite changes it).
SELECT * FROM (
  SELECT 'relation', n.nspname || '.' || c.relname, c.relkind::text, c.relfilenode::text, c.relacl::text,
    (SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || a.attnotnull::text || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
      || a.attidentity::text, ', ' ORDER BY a.attnum)
     FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname NOT LIKE 'pg_temp%'
  UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '' FROM pg_constraint WHERE conrelid <> 0 AND connamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
  UNION ALL SELECT 'index', indrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid::text, '', '' FROM pg_index JOIN pg_class t ON t.oid = indrelid WHERE indrelid >= 16384 AND t.relkind <> 't'
  UNION ALL SELECT 'trigger', tgrelid::regclass::text, pg_get_triggerdef(oid), tgenabled::text, '', '' FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT 'function', proname, pg_get_functiondef(oid), proacl::text, '', '' FROM pg_proc WHERE pronamespace = to_regnamespace('millrace')
  UNION ALL SELECT 'view', viewname, definition, viewowner::text, '', '' FROM pg_views WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
  UNION ALL SELECT 'sequence', schemaname || '.' || sequencename, data_type::text, last_value::text, increment_by::text, '' FROM pg_sequences
  UNION ALL SELECT 'schema', nspname, nspacl::text, '', '', '' FROM pg_namespace WHERE nspname NOT LIKE 'pg_%'
) AS lines
ORDER BY 1, 2, 3
