-- A changed row: the alias it had and the alias it has. COLLATE BINARY, since a NOCASE column calls RMCF and rmcf equal.
CREATE TRIGGER {{name}} AFTER UPDATE ON {{table}}
WHEN OLD.{{alias}} IS NOT NEW.{{alias}} COLLATE BINARY OR OLD.{{id}} IS NOT NEW.{{id}} COLLATE BINARY
BEGIN
  INSERT INTO millrace_changelog (type, alias) VALUES ({{type}}, NEW.{{alias}});
  INSERT INTO millrace_changelog (type, alias)
    SELECT {{type}}, OLD.{{alias}} WHERE OLD.{{alias}} IS NOT NEW.{{alias}} COLLATE BINARY;
END
