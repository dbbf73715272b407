-- How many models of ours there are, and a checksum of their contents, whatever their order.
-- $1, $2: the Redis ids from and to which they are meant
-- Result: count, checksum
SELECT count(*) AS count, coalesce(sum(('x' || left(md5(concat_ws('|', m.redis_id, t.name, t.description, t.architecture,
  t.framework, t.task_type, t.input_shape, t.output_shape, to_char(t.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.US'),
  to_char(t.updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.US'))), 8))::bit(32)::bigint), 0) AS checksum
FROM models t
JOIN millrace.id_map m ON m.kind = 'model' AND m.pg_id = t.id
WHERE m.redis_id BETWEEN $1::bigint AND $2::bigint
