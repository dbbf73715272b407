-- One watched column of a row, as it is logged: an integer as it is, a blob in hex digits (it can be no part of a key, but what tables are joined
-- by), anything else as a text in quotes; BLOB for what is too long. In a changelog's row the columns are joined by commas. (quote() would end at
-- a NUL character.)
CASE typeof({{column}}) WHEN 'integer' THEN {{column}} WHEN 'null' THEN 'NULL' ELSE
    CASE WHEN length(CAST({{column}} AS BLOB)) > {{longest}} THEN 'BLOB' WHEN typeof({{column}}) = 'blob' THEN 'x''' || hex({{column}}) || ''''
    ELSE '''' || replace({{column}}, '''', '''''') || '''' END END
