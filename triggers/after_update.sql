-- A changed row: the alias it had and the alias it has. COLLATE BINARY, since a NOCASE column calls RMCF and rmcf equal;
-- typeof, since 1 and 1.0 are equal too, and read differently.
CREATE TRIGGER {{name}} AFTER UPDATE ON {{table}}
WHEN OLD.{{alias}} IS NOT NEW.{{alias}} COLLATE BINARY OR typeof(OLD.{{alias}}) <> typeof(NEW.{{alias}})
  OR OLD.{{id}} IS NOT NEW.{{id}} COLLATE BINARY OR typeof(OLD.{{id}}) <> typeof(NEW.{{id}})
BEGIN
  INSERT INTO millrace_changelog (type, alias) VALUES ({{type}}, NEW.{{alias}});
  INSERT INTO millrace_changelog (type, alias) SELECT {{type}}, OLD.{{alias}}
    WHERE OLD.{{alias}} IS NOT NEW.{{alias}} COLLATE BINARY OR typeof(OLD.{{alias}}) <> typeof(NEW.{{alias}});
END
