-- A row with another alias now: the alias that it had. (A trigger of its own: what sets the id alone is spared a second INSERT, which costs even when
-- it inserts nothing.)
CREATE TRIGGER {{name}} AFTER UPDATE{{ofAlias}} ON {{table}}
WHEN OLD.{{alias}} IS NOT NEW.{{alias}} COLLATE BINARY OR typeof(OLD.{{alias}}) <> typeof(NEW.{{alias}})
BEGIN
  INSERT INTO millrace_changelog (type, alias) VALUES ({{type}}, OLD.{{alias}});
END
