-- UPDATE OR REPLACE deletes rows in its way just as silently as INSERT OR REPLACE; but only where it sets a part of a key.
CREATE TRIGGER {{name}} BEFORE UPDATE{{ofKeys}} ON {{table}}
BEGIN
{{victims}}
END
