-- The rows that have the natural keys, and the records they follow. {table} is the target, {columns} its natural columns.
-- {wanted}: $2 and following, an array of values for each natural column
-- $1 kind
-- Result: id, the natural columns; redis_id and created_at (UTC) of the record the row follows, if any; the oldest row first
SELECT t.id, {columns}, m.redis_id AS millrace_owner, to_char(m.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS millrace_created
FROM {table} t
JOIN (SELECT DISTINCT * FROM unnest({wanted}) AS wanted ({columns})) w USING ({columns})
LEFT JOIN millrace.id_map m ON m.kind = $1 AND m.pg_id = t.id AND m.owned
ORDER BY t.id
