-- Mappings of the user's own that Millrace has served into this Postgres: what their keys begin with, and their tables, without schemas.
SELECT kind, prefix, names[array_upper(names, 1)] AS table_name
FROM (SELECT kind, prefix, parse_ident(table_name) AS names FROM millrace.mapped) AS m
ORDER BY kind
