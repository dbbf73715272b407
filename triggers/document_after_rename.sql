-- A changed row of a table that documents watch: the documents that it was part of, if these are others (see after_rename.sql).
CREATE TRIGGER {{name}} AFTER UPDATE{{ofLogged}} ON {{table}}
WHEN {{old}} IS NOT {{new}}
BEGIN
  INSERT INTO millrace_changelog (type, alias) VALUES ({{type}}, {{old}});
END
