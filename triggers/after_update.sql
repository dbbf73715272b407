-- A changed row: the alias that it has now. COLLATE BINARY, since a NOCASE column calls RMCF and rmcf equal; typeof, since 1 and 1.0 are equal too,
-- and read differently.
CREATE TRIGGER {{name}} AFTER UPDATE{{ofEither}} ON {{table}}
WHEN OLD.{{id}} IS NOT NEW.{{id}} COLLATE BINARY OR OLD.{{alias}} IS NOT NEW.{{alias}} COLLATE BINARY
  OR typeof(OLD.{{id}}) <> typeof(NEW.{{id}}) OR typeof(OLD.{{alias}}) <> typeof(NEW.{{alias}})
BEGIN
  INSERT INTO millrace_changelog (type, alias) VALUES ({{type}}, NEW.{{alias}});
END
