-- Which Redis record a row came from. Nullable, without default: no rewrite, and rows of other programs stay legal,
-- repeated ones too, since the unique indexes hold only rows of ours. Adopted columns too narrow for what comes are
-- widened.

--: column predictions.redis_id
ALTER TABLE predictions ADD COLUMN redis_id bigint;

--: identity predictions (redis_id, timestamp)
CREATE UNIQUE INDEX predictions_redis_identity ON predictions (redis_id, "timestamp") WHERE redis_id IS NOT NULL;

--: column metrics.redis_key
ALTER TABLE metrics ADD COLUMN redis_key uuid;

--: identity metrics (training_run_id, redis_key)
CREATE UNIQUE INDEX metrics_redis_identity ON metrics (training_run_id, redis_key) WHERE redis_key IS NOT NULL;

--: column hyperparameters.redis_key
ALTER TABLE hyperparameters ADD COLUMN redis_key uuid;

--: identity hyperparameters (training_run_id, redis_key)
CREATE UNIQUE INDEX hyperparameters_redis_identity ON hyperparameters (training_run_id, redis_key)
  WHERE redis_key IS NOT NULL;

--: column experiment_runs.redis_key
ALTER TABLE experiment_runs ADD COLUMN redis_key uuid;

--: identity experiment_runs (experiment_id, training_run_id, redis_key)
CREATE UNIQUE INDEX experiment_runs_redis_identity ON experiment_runs (experiment_id, training_run_id, redis_key)
  WHERE redis_key IS NOT NULL;

--: bigint datasets.size_bytes when adopted datasets
ALTER TABLE datasets ALTER COLUMN size_bytes TYPE bigint;

--: bigint datasets.num_samples when adopted datasets
ALTER TABLE datasets ALTER COLUMN num_samples TYPE bigint;
