-- Gives everything in this database that belongs to the superuser to the role :owner, who is no superuser; last of all the database.
-- What belongs to an extension stays as it is. (REASSIGN OWNED refuses: the superuser of initdb owns the system's own objects, too.)
-- :owner is replaced by the name, a plain identifier. One transaction; a second run finds nothing to do.
DO $give$
DECLARE
  statement text;
BEGIN
  FOR statement IN
    WITH schemas AS (
      SELECT oid, nspname FROM pg_namespace
      WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    ),
    of_extensions AS (
      SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
    ),
    superuser AS (SELECT oid FROM pg_roles WHERE rolname = current_user)
    SELECT format('ALTER SCHEMA %I OWNER TO :owner', nspname)
    FROM pg_namespace
    WHERE oid IN (SELECT oid FROM schemas) AND nspowner IN (SELECT oid FROM superuser)
      AND (tableoid, oid) NOT IN (SELECT classid, objid FROM of_extensions)
    UNION ALL
    SELECT format('ALTER %s %s OWNER TO :owner', CASE c.relkind
        WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
        WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END, c.oid::regclass)
    FROM pg_class c
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c') AND c.relnamespace IN (SELECT oid FROM schemas)
      AND c.relowner IN (SELECT oid FROM superuser)
      AND (c.tableoid, c.oid) NOT IN (SELECT classid, objid FROM of_extensions)
      -- A sequence that belongs to a column changes its owner with the table.
      AND NOT (c.relkind = 'S' AND EXISTS (
        SELECT FROM pg_depend d WHERE d.classid = c.tableoid AND d.objid = c.oid AND d.deptype IN ('a', 'i')
          AND d.refclassid = c.tableoid))
    UNION ALL
    SELECT format('ALTER %s %s OWNER TO :owner',
      CASE prokind WHEN 'a' THEN 'AGGREGATE' WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, oid::regprocedure)
    FROM pg_proc
    WHERE pronamespace IN (SELECT oid FROM schemas) AND proowner IN (SELECT oid FROM superuser)
      AND (tableoid, oid) NOT IN (SELECT classid, objid FROM of_extensions)
    UNION ALL
    SELECT format('ALTER TYPE %s OWNER TO :owner', oid::regtype)
    FROM pg_type
    WHERE typnamespace IN (SELECT oid FROM schemas) AND typowner IN (SELECT oid FROM superuser)
      AND typtype IN ('d', 'e', 'r')
      AND (tableoid, oid) NOT IN (SELECT classid, objid FROM of_extensions)
    UNION ALL
    SELECT format('ALTER DATABASE %I OWNER TO :owner', current_database())
  LOOP
    EXECUTE statement;
  END LOOP;
END
$give$
