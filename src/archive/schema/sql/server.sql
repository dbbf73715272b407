-- What kind of server, database and role this is. One row; runs on any version, so that an old one can be refused by name.
--   schema   the target: the first usable schema of search_path that is not our own. A role named millrace has our own
--            as its "$user" schema, first in the path by default.
SELECT
  current_setting('server_version_num')::int AS "versionNumber",
  current_setting('server_version') AS version,
  current_setting('server_encoding') AS encoding,
  pg_is_in_recovery() AS standby,
  current_setting('transaction_read_only') = 'on' AS "readOnly",
  current_user::text AS role,
  current_database()::text AS database,
  current_setting('search_path') AS "searchPath",
  current_schemas(false)::text[] AS "usableSchemas",
  target.schema,
  coalesce(has_schema_privilege(target.schema, 'CREATE'), false) AS "mayCreateTables",
  has_database_privilege(current_database(), 'CREATE') AS "mayCreateSchema",
  has_database_privilege(current_database(), 'TEMPORARY') AS "mayCreateTemporary",
  own.oid IS NOT NULL AS "hasOwnSchema",
  coalesce(has_schema_privilege(own.oid, 'USAGE'), false) AS "mayUseOwnSchema",
  coalesce(has_schema_privilege(own.oid, 'CREATE'), false) AS "mayCreateInOwnSchema",
  ARRAY(SELECT proname::text FROM pg_proc WHERE pronamespace = own.oid) AS functions
FROM (
  SELECT (
    SELECT name::text FROM unnest(current_schemas(false)) WITH ORDINALITY AS path (name, place)
    WHERE name <> 'millrace' ORDER BY place LIMIT 1
  ) AS schema
) AS target
LEFT JOIN pg_namespace AS own ON own.nspname = 'millrace'
