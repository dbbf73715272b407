-- The views (and rules) that keep ALTER COLUMN … TYPE from being done, the statements that take them away, and those
-- that bring them back as they were: definition, options, owner, grants, comment, triggers, indexes.
--   $1, $2, $3  schema, table, column
-- One row each, ordered as they have to be dropped; `create` is for the opposite order.
WITH RECURSIVE dependent (rule, relation, depth) AS (
  SELECT r.oid, r.ev_class, 1
  FROM pg_depend AS d
  JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
  JOIN pg_class AS c ON c.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
  WHERE n.nspname = $1 AND c.relname = $2 AND a.attname = $3
  UNION
  SELECT r.oid, r.ev_class, v.depth + 1
  FROM dependent AS v
  JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = v.relation
  JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid AND r.ev_class <> v.relation
  JOIN pg_class AS c ON c.oid = v.relation AND c.relkind IN ('v', 'm')
),
found AS (
  SELECT max(depth) AS depth, relation, min(rule::bigint)::oid AS rule, c.relkind,
    format('%I.%I', n.nspname, c.relname) AS name
  FROM dependent
  JOIN pg_class AS c ON c.oid = relation
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  GROUP BY relation, c.relkind, n.nspname, c.relname, CASE WHEN c.relkind IN ('v', 'm') THEN 0 ELSE rule::bigint END
)
SELECT
  f.name,
  CASE f.relkind
    WHEN 'v' THEN 'DROP VIEW ' || f.name
    WHEN 'm' THEN 'DROP MATERIALIZED VIEW ' || f.name
    ELSE format('DROP RULE %I ON %s', w.rulename, f.name)
  END AS drop,
  CASE
    WHEN f.relkind IN ('v', 'm') THEN ARRAY[format(
      'CREATE %sVIEW %s%s AS %s', CASE f.relkind WHEN 'm' THEN 'MATERIALIZED ' ELSE '' END, f.name,
      coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', ''), rtrim(pg_get_viewdef(f.relation), ';')
    )]
      || ARRAY(SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = f.relation)
      || ARRAY(SELECT rtrim(pg_get_ruledef(oid), ';') FROM pg_rewrite WHERE ev_class = f.relation AND rulename <> '_RETURN')
      || ARRAY(SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = f.relation AND NOT tgisinternal)
      || ARRAY(
        SELECT format('GRANT %s ON %s TO %s%s', g.privilege_type, f.name,
          CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
          CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
        FROM aclexplode(c.relacl) AS g WHERE g.grantee <> c.relowner
      )
      || CASE WHEN obj_description(f.relation, 'pg_class') IS NULL THEN ARRAY[]::text[] ELSE
        ARRAY[format('COMMENT ON %sVIEW %s IS %L', CASE f.relkind WHEN 'm' THEN 'MATERIALIZED ' ELSE '' END, f.name,
          obj_description(f.relation, 'pg_class'))] END
      || format('ALTER TABLE %s OWNER TO %I', f.name, pg_get_userbyid(c.relowner))
    ELSE ARRAY[rtrim(pg_get_ruledef(f.rule), ';')]
  END AS create
FROM found AS f
JOIN pg_class AS c ON c.oid = f.relation
JOIN pg_rewrite AS w ON w.oid = f.rule
ORDER BY f.depth DESC, f.name
