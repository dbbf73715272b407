-- A new row: its alias may have got an id more.
CREATE TRIGGER {{name}} AFTER INSERT ON {{table}}
WHEN NEW.{{alias}} IS NOT NULL
BEGIN
  INSERT INTO millrace_changelog (type, alias) VALUES ({{type}}, NEW.{{alias}});
END
