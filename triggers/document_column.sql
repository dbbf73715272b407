-- One watched column of a row, as it is logged: an integer as it is, anything else as a text in quotes; NULL for what can be no part of a
-- key. In a changelog's row the columns are joined by commas. (quote() would end at a NUL character.)
CASE typeof({{column}}) WHEN 'integer' THEN {{column}} WHEN 'null' THEN 'NULL' WHEN 'blob' THEN 'NULL'
    ELSE CASE WHEN length(CAST({{column}} AS BLOB)) <= {{longest}} THEN '''' || replace({{column}}, '''', '''''') || '''' ELSE 'NULL' END END
