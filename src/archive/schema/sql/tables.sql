-- Everything that Postgres' catalogue says of the archive's tables and of our own, in one query.
--   $1  the target schema
--   $2  names of the tables looked for in it
-- One row for each relation found under one of the names, whatever kind of relation it is.
SELECT
  n.nspname::text AS schema,
  c.relname::text AS name,
  c.relkind::text AS kind,
  c.relpersistence = 'u' AS unlogged,
  pg_get_userbyid(c.relowner)::text AS owner,
  pg_has_role(c.relowner, 'USAGE') AS owned,
  row_security_active(c.oid) AS "rowSecurity",
  greatest(c.reltuples, 0)::float8 AS "estimatedRows",
  ARRAY(
    SELECT privilege FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'REFERENCES', 'TRIGGER']) AS p (privilege)
    WHERE has_table_privilege(c.oid, privilege)
  ) AS privileges,
  (
    SELECT coalesce(json_agg(json_build_object(
      'name', a.attname,
      'type', format_type(a.atttypid, a.atttypmod),
      'udt', t.typname,
      'category', t.typcategory,
      'notNull', a.attnotnull,
      'hasDefault', a.atthasdef AND a.attgenerated = '',
      'identity', CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END,
      'generated', a.attgenerated <> ''
    ) ORDER BY a.attnum), '[]')
    FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  ) AS columns,
  (
    SELECT coalesce(json_agg(json_build_object(
      'columns', ARRAY(
        -- an expression has no attribute: its name is null
        SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
        LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.attnum AND k.attnum > 0
        WHERE k.place <= i.indnkeyatts ORDER BY k.place
      ),
      'name', ic.relname,
      'method', m.amname,
      'unique', i.indisunique AND i.indimmediate,
      'predicate', pg_get_expr(i.indpred, i.indrelid)
    )), '[]')
    FROM pg_index AS i
    JOIN pg_class AS ic ON ic.oid = i.indexrelid
    JOIN pg_am AS m ON m.oid = ic.relam
    WHERE i.indrelid = c.oid AND i.indisvalid
  ) AS indexes,
  (
    SELECT coalesce(json_agg(json_build_object(
      'columns', ARRAY(
        SELECT a.attname::text FROM unnest(f.conkey) WITH ORDINALITY AS k (attnum, place)
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.attnum ORDER BY k.place
      ),
      'parent', p.relname
    )), '[]')
    FROM pg_constraint AS f JOIN pg_class AS p ON p.oid = f.confrelid
    WHERE f.conrelid = c.oid AND f.contype = 'f'
  ) AS "foreignKeys",
  (
    SELECT coalesce(json_agg(json_build_object(
      'name', g.tgname,
      'ours', p.pronamespace = own.oid,
      -- bits of tgtype: 1 for each row, 2 before, 4 insert, 8 delete, 16 update
      'before', CASE WHEN g.tgtype & 3 = 3 AND g.tgenabled <> 'D' THEN array_to_string(ARRAY[
        CASE WHEN g.tgtype & 4 > 0 THEN 'INSERT' END, CASE WHEN g.tgtype & 8 > 0 THEN 'DELETE' END,
        CASE WHEN g.tgtype & 16 > 0 THEN 'UPDATE' END], ' OR ') ELSE '' END
    ) ORDER BY g.tgname), '[]')
    FROM pg_trigger AS g JOIN pg_proc AS p ON p.oid = g.tgfoid
    LEFT JOIN pg_namespace AS own ON own.nspname = 'millrace'
    WHERE g.tgrelid = c.oid AND NOT g.tgisinternal
  ) AS triggers,
  (
    SELECT coalesce(json_agg(json_build_object(
      'name', r.rulename,
      'event', CASE r.ev_type WHEN '2' THEN 'UPDATE' WHEN '3' THEN 'INSERT' ELSE 'DELETE' END,
      'instead', r.is_instead
    ) ORDER BY r.rulename), '[]')
    FROM pg_rewrite AS r WHERE r.ev_class = c.oid AND r.ev_type <> '1'
  ) AS rules,
  c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits AS h WHERE h.inhparent = c.oid) AS "hasChildren",
  -- The sequence behind `id`: an identity's or a serial's (owned by the column), or whichever its default reads.
  (
    SELECT json_build_object(
      'name', format('%I.%I', sn.nspname, s.relname),
      'usable', has_sequence_privilege(s.oid, 'USAGE')
    )
    FROM pg_attribute AS a
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    JOIN pg_depend AS e
      ON (e.classid = 'pg_attrdef'::regclass AND e.objid = d.oid AND e.refclassid = 'pg_class'::regclass)
      OR (e.classid = 'pg_class'::regclass AND e.refclassid = 'pg_class'::regclass AND e.refobjid = a.attrelid
        AND e.refobjsubid = a.attnum AND e.deptype IN ('a', 'i'))
    JOIN pg_class AS s ON s.relkind = 'S'
      AND s.oid = CASE e.classid WHEN 'pg_class'::regclass THEN e.objid ELSE e.refobjid END
    JOIN pg_namespace AS sn ON sn.oid = s.relnamespace
    WHERE a.attrelid = c.oid AND a.attname = 'id' AND (a.attidentity <> '' OR d.oid IS NOT NULL)
    ORDER BY e.classid = 'pg_attrdef'::regclass DESC
    LIMIT 1
  ) AS sequence
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE (n.nspname = $1 AND c.relname = ANY ($2) OR n.nspname = 'millrace')
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
ORDER BY n.nspname, c.relname
