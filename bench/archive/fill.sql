-- Predictions as the archive would have written them, for a table that has grown.
-- $1: the row of model_versions they refer to; $2, $3: the Redis ids from and to which they are
INSERT INTO predictions (model_version_id, redis_id, input_data, output_data, confidence, inference_time_ms, "timestamp", metadata)
SELECT $1::bigint, n, '{"features": [0.1234, 0.5678, 0.9012]}', '{"label": "truck", "score": 0.7412}', 0.7412, 12.5,
  timestamp '2025-01-01 00:00:00' + n * interval '20 milliseconds', '{"shard": 7}'
FROM generate_series($2::bigint, $3::bigint) AS n
