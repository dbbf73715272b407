-- A new row of a table that documents watch: the documents that it is part of may have changed.
CREATE TRIGGER {{name}} AFTER INSERT ON {{table}}
BEGIN
  INSERT INTO millrace_changelog (type, alias) VALUES ({{type}}, {{new}});
END
