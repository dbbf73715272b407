-- A row gone from a table that documents watch (see after_delete.sql).
CREATE TRIGGER {{name}} AFTER DELETE ON {{table}}
BEGIN
  INSERT INTO millrace_changelog (type, alias) VALUES ({{type}}, {{old}});
END
