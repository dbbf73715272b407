-- The triggers, rules and policies that may drop or change a row on its way into a table. (Triggers of ours do neither.)
-- $1 the table, qualified and quoted
-- Result: one row: causes, or NULL
SELECT string_agg(cause, ', ') AS causes
FROM (
  SELECT format('trigger %I (BEFORE %s)', g.tgname, array_to_string(ARRAY[
      CASE WHEN g.tgtype & 4 > 0 THEN 'INSERT' END,
      CASE WHEN g.tgtype & 8 > 0 THEN 'DELETE' END,
      CASE WHEN g.tgtype & 16 > 0 THEN 'UPDATE' END], ' OR ')) AS cause
  FROM pg_trigger g
  WHERE g.tgrelid = $1::regclass AND g.tgtype & 3 = 3 AND g.tgenabled <> 'D' AND NOT g.tgisinternal
  UNION ALL
  SELECT format('rule %I', r.rulename) FROM pg_rewrite r WHERE r.ev_class = $1::regclass AND r.ev_type <> '1'
  UNION ALL
  SELECT 'row-level security' FROM pg_class c WHERE c.oid = $1::regclass AND c.relrowsecurity
) AS found
