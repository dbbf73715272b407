-- One watched column of a row, as it is logged: an integer as it is, anything else as a text in quotes; BLOB for what can be no part of a
-- key, but may be what tables are joined by. In a changelog's row the columns are joined by commas. (quote() would end at a NUL character.)
CASE typeof({{column}}) WHEN 'integer' THEN {{column}} WHEN 'null' THEN 'NULL' WHEN 'blob' THEN 'BLOB'
    ELSE CASE WHEN length(CAST({{column}} AS BLOB)) <= {{longest}} THEN '''' || replace({{column}}, '''', '''''') || '''' ELSE 'BLOB' END END
