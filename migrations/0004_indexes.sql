-- Indexes for readers and for the deletion of parents; any index that serves as well is left to do so. Postgres
-- chooses the names, so none is taken. Time columns get BRIN: a btree there would halve the speed of writing.

--: index model_versions (model_id) when adopted model_versions
CREATE INDEX ON model_versions (model_id);

--: index training_runs (model_version_id)
CREATE INDEX ON training_runs (model_version_id);

--: index training_runs (dataset_id)
CREATE INDEX ON training_runs (dataset_id);

--: index hyperparameters (training_run_id)
CREATE INDEX ON hyperparameters (training_run_id);

--: index experiment_runs (experiment_id)
CREATE INDEX ON experiment_runs (experiment_id);

--: index experiment_runs (training_run_id)
CREATE INDEX ON experiment_runs (training_run_id);

--: index metrics (training_run_id)
CREATE INDEX ON metrics (training_run_id);

--: range metrics (timestamp)
CREATE INDEX ON metrics USING brin ("timestamp");

--: index predictions (model_version_id)
CREATE INDEX ON predictions (model_version_id);

--: range predictions (timestamp)
CREATE INDEX ON predictions USING brin ("timestamp");
