-- A changed row of a table that documents watch: the documents that it is part of. Whatever column changed, a document may read it.
CREATE TRIGGER {{name}} AFTER UPDATE ON {{table}}
BEGIN
  INSERT INTO millrace_changelog (type, alias) VALUES ({{type}}, {{new}});
END
