-- The expressions and operators that a unique index, or an exclusion constraint, compares with.
-- $1 the table, qualified and quoted; $2 name of the index
-- Result: a row for each key: key (an expression), operator, collation (or NULL); predicate (or NULL) and distinct_nulls of the index
SELECT pg_get_indexdef(i.indexrelid, k.place::int, true) AS key,
  (SELECT format('OPERATOR(%I.%s)', n.nspname, o.oprname) FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
    WHERE o.oid = coalesce(x.conexclop[k.place], (
      -- Strategy 3 is equality of btree. Looked up for the type, whose extension may be in any schema.
      SELECT p.amopopr FROM pg_opclass c JOIN pg_amop p ON p.amopfamily = c.opcfamily AND p.amopstrategy = 3
        AND p.amoplefttype = c.opcintype AND p.amoprighttype = c.opcintype
      WHERE c.oid = i.indclass[k.place - 1]))) AS operator,
  (SELECT format('%I.%I', n.nspname, l.collname) FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace
    WHERE l.oid = i.indcollation[k.place - 1]) AS collation,
  pg_get_expr(i.indpred, i.indrelid, true) AS predicate,
  coalesce(to_jsonb(i) ->> 'indnullsnotdistinct', 'false') = 'false' AS distinct_nulls
FROM pg_index i
JOIN pg_class r ON r.oid = i.indexrelid
CROSS JOIN LATERAL generate_series(1, i.indnkeyatts::int) AS k (place)
LEFT JOIN pg_constraint x ON x.conindid = i.indexrelid AND x.contype = 'x'
WHERE i.indrelid = $1::regclass AND r.relname = $2 AND (i.indisunique OR x.oid IS NOT NULL)
ORDER BY k.place
