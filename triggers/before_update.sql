-- UPDATE OR REPLACE deletes rows in its way just as silently as INSERT OR REPLACE.
CREATE TRIGGER {{name}} BEFORE UPDATE ON {{table}}
BEGIN
{{victims}}
END
