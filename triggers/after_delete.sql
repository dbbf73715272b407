-- A row gone (also one by one in DELETE without WHERE, and by cascades where the writer has foreign_keys = ON).
CREATE TRIGGER {{name}} AFTER DELETE ON {{table}}
WHEN OLD.{{alias}} IS NOT NULL
BEGIN
  INSERT INTO millrace_changelog (type, alias) VALUES ({{type}}, OLD.{{alias}});
END
