-- What SQLAlchemy's create_all made in the field (LAYOUTS section 3), with rows, as a database to adopt. Without
-- UNIQUE (model_id, version): some models.py lack it. Views and an extra column of another program are on top.
CREATE TABLE models (
	id SERIAL NOT NULL,
	name VARCHAR(255) NOT NULL,
	description TEXT,
	architecture VARCHAR(255),
	framework VARCHAR(100),
	task_type VARCHAR(100),
	input_shape VARCHAR(255),
	output_shape VARCHAR(255),
	created_at TIMESTAMP WITHOUT TIME ZONE,
	updated_at TIMESTAMP WITHOUT TIME ZONE,
	PRIMARY KEY (id),
	UNIQUE (name)
);
CREATE TABLE datasets (
	id SERIAL NOT NULL,
	name VARCHAR(255) NOT NULL,
	description TEXT,
	source_path VARCHAR(500),
	format VARCHAR(50),
	size_bytes INTEGER,
	num_samples INTEGER,
	split_info JSON,
	preprocessing JSON,
	created_at TIMESTAMP WITHOUT TIME ZONE,
	PRIMARY KEY (id),
	UNIQUE (name)
);
CREATE TABLE experiments (
	id SERIAL NOT NULL,
	name VARCHAR(255) NOT NULL,
	description TEXT,
	hypothesis TEXT,
	status VARCHAR(50),
	created_at TIMESTAMP WITHOUT TIME ZONE,
	completed_at TIMESTAMP WITHOUT TIME ZONE,
	results JSON,
	PRIMARY KEY (id),
	UNIQUE (name)
);
CREATE TABLE model_versions (
	id SERIAL NOT NULL,
	model_id INTEGER NOT NULL,
	version VARCHAR(50) NOT NULL,
	checkpoint_path VARCHAR(500),
	config JSON,
	status VARCHAR(50),
	created_at TIMESTAMP WITHOUT TIME ZONE,
	PRIMARY KEY (id),
	FOREIGN KEY(model_id) REFERENCES models (id)
);
CREATE TABLE training_runs (
	id SERIAL NOT NULL,
	model_version_id INTEGER NOT NULL,
	dataset_id INTEGER,
	run_name VARCHAR(255),
	status VARCHAR(50),
	started_at TIMESTAMP WITHOUT TIME ZONE,
	completed_at TIMESTAMP WITHOUT TIME ZONE,
	duration_seconds FLOAT,
	final_loss FLOAT,
	best_metric_value FLOAT,
	artifacts JSON,
	PRIMARY KEY (id),
	FOREIGN KEY(model_version_id) REFERENCES model_versions (id),
	FOREIGN KEY(dataset_id) REFERENCES datasets (id)
);
CREATE TABLE hyperparameters (
	id SERIAL NOT NULL,
	training_run_id INTEGER NOT NULL,
	param_name VARCHAR(255) NOT NULL,
	param_value TEXT,
	PRIMARY KEY (id),
	FOREIGN KEY(training_run_id) REFERENCES training_runs (id)
);
CREATE TABLE metrics (
	id SERIAL NOT NULL,
	training_run_id INTEGER NOT NULL,
	epoch INTEGER,
	step INTEGER,
	metric_name VARCHAR(255) NOT NULL,
	metric_value FLOAT,
	split VARCHAR(50),
	timestamp TIMESTAMP WITHOUT TIME ZONE,
	PRIMARY KEY (id),
	FOREIGN KEY(training_run_id) REFERENCES training_runs (id)
);
CREATE INDEX ix_metrics_training_run_id ON metrics (training_run_id);
CREATE TABLE experiment_runs (
	id SERIAL NOT NULL,
	experiment_id INTEGER NOT NULL,
	training_run_id INTEGER NOT NULL,
	variant_name VARCHAR(255),
	notes TEXT,
	PRIMARY KEY (id),
	FOREIGN KEY(experiment_id) REFERENCES experiments (id),
	FOREIGN KEY(training_run_id) REFERENCES training_runs (id)
);
CREATE TABLE predictions (
	id SERIAL NOT NULL,
	model_version_id INTEGER NOT NULL,
	input_data JSON,
	output_data JSON,
	confidence FLOAT,
	inference_time_ms FLOAT,
	timestamp TIMESTAMP WITHOUT TIME ZONE,
	metadata JSON,
	PRIMARY KEY (id),
	FOREIGN KEY(model_version_id) REFERENCES model_versions (id)
);
ALTER TABLE predictions ADD COLUMN reviewed_by TEXT;
CREATE VIEW recent_predictions AS SELECT * FROM predictions WHERE timestamp > '2025-01-01';

INSERT INTO models (name, created_at) VALUES ('detector', '2025-01-01 10:00:00.123456'), ('مدل', NULL);
INSERT INTO datasets (name, size_bytes, num_samples, split_info)
  VALUES ('drawings', 2000000000, 5000, '{"train": 0.80, "big": 1152921504606846977, "small": 1e-07}');
INSERT INTO experiments (name) VALUES ('lr sweep');
INSERT INTO model_versions (model_id, version) VALUES (1, '1.0'), (1, '1.0'), (2, '1.0');
INSERT INTO training_runs (model_version_id, dataset_id, run_name) VALUES (1, 1, 'first'), (3, NULL, 'second');
INSERT INTO hyperparameters (training_run_id, param_name, param_value) VALUES (1, 'lr', '1e-05'), (1, 'lr', '1e-05');
INSERT INTO metrics (training_run_id, epoch, metric_name, metric_value)
  VALUES (1, 1, 'loss', 'NaN'), (1, 1, 'loss', 'NaN'), (1, 1, 'loss', 0.1);
INSERT INTO experiment_runs (experiment_id, training_run_id) VALUES (1, 1), (1, 1);
INSERT INTO predictions (model_version_id, input_data, timestamp)
  SELECT 1 + n % 3, '{"n": 1.0}', '2025-11-22 10:30:00.000001' FROM generate_series(1, 500) AS n;
