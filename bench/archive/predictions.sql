-- How many predictions of ours there are, and a checksum of their contents, whatever their order.
-- $1, $2: the Redis ids from and to which they are meant
-- Result: count, checksum
SELECT count(*) AS count, coalesce(sum(('x' || left(md5(concat_ws('|', p.redis_id, m.redis_id, p.input_data, p.output_data,
  p.confidence, p.inference_time_ms, to_char(p."timestamp", 'YYYY-MM-DD"T"HH24:MI:SS.US'), p.metadata)), 8)
  )::bit(32)::bigint), 0) AS checksum
FROM predictions p
JOIN millrace.id_map m ON m.kind = 'version' AND m.pg_id = p.model_version_id
WHERE p.redis_id BETWEEN $1::bigint AND $2::bigint
