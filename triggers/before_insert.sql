-- INSERT OR REPLACE deletes the rows in its way without firing their DELETE triggers (recursive_triggers is off in
-- writers): log them before they go. One indexed look-up per unique key; after a plain INSERT they simply find nothing.
CREATE TRIGGER {{name}} BEFORE INSERT ON {{table}}
BEGIN
{{victims}}
END
