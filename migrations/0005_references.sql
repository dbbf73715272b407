-- References of the two large tables, checked once a statement instead of once a row: COPY is twice as fast. Only for
-- tables made by us; adopted ones keep what they declare. What a declared foreign key promises holds: no row without
-- its parent, whatever runs at the same time; 23503 with the usual constraint name; NULL means no parent.
--
-- The functions run with their owner's rights (SECURITY DEFINER), as the checks of a declared key do: who inserts
-- needs rights on its table alone. search_path is the trigger's own schema, nothing of the caller's; the SET clause
-- gives the caller's back. Functions are named in full and may not be executed by others, so nobody who can create
-- objects beside the tables can have anything run with these rights.
--
-- Each statement in them takes a new snapshot under READ COMMITTED: that is what makes lock-then-look right. Under a
-- snapshot kept from before (REPEATABLE READ, SERIALIZABLE) a child committed since is invisible, so there a parent
-- cannot be deleted at all.

--: function millrace.require_version when checked predictions
CREATE FUNCTION millrace.require_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wanted bigint[];
  present bigint[];
BEGIN
  IF pg_catalog.to_regclass(pg_catalog.format('%I.model_versions', TG_TABLE_SCHEMA)) IS NULL THEN
    RETURN NULL; -- dropped, as with CASCADE: there is nothing left to refer to
  END IF;
  PERFORM pg_catalog.set_config('search_path', pg_catalog.format('%I, pg_temp', TG_TABLE_SCHEMA), true);
  IF TG_LEVEL = 'ROW' THEN
    wanted := ARRAY[NEW.model_version_id];
  ELSE
    wanted := ARRAY(SELECT DISTINCT model_version_id FROM new_rows WHERE model_version_id IS NOT NULL);
  END IF;
  -- Waits for whoever is deleting one of them, and then does not find it.
  present := ARRAY(SELECT id FROM model_versions WHERE id = ANY (wanted) ORDER BY id FOR KEY SHARE);
  IF pg_catalog.cardinality(present) < pg_catalog.cardinality(wanted) THEN
    RAISE foreign_key_violation USING
      MESSAGE = 'insert or update on table "predictions" violates foreign key constraint "predictions_model_version_id_fkey"',
      DETAIL = pg_catalog.format('Key (model_version_id)=(%s) is not present in table "model_versions".',
        (SELECT pg_catalog.min(id) FROM pg_catalog.unnest(wanted) AS w (id) WHERE id <> ALL (present))),
      SCHEMA = TG_TABLE_SCHEMA, TABLE = 'predictions', COLUMN = 'model_version_id',
      CONSTRAINT = 'predictions_model_version_id_fkey';
  END IF;
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION millrace.require_version() FROM PUBLIC;

--: trigger predictions.millrace_parent_insert when checked predictions
CREATE TRIGGER millrace_parent_insert AFTER INSERT ON predictions
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION millrace.require_version();

--: trigger predictions.millrace_parent_update when checked predictions
-- For each row, but only where the reference changes: other updates need not collect their rows.
CREATE TRIGGER millrace_parent_update AFTER UPDATE ON predictions FOR EACH ROW
  WHEN (NEW.model_version_id IS NOT NULL AND NEW.model_version_id IS DISTINCT FROM OLD.model_version_id)
  EXECUTE FUNCTION millrace.require_version();

--: function millrace.keep_version when checked predictions
-- enable_seqscan: the planner would guess that EXISTS finds a row soon, and read the whole table when there is none.
CREATE FUNCTION millrace.keep_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
  gone bigint[];
  parent bigint;
BEGIN
  IF pg_catalog.to_regclass(pg_catalog.format('%I.predictions', TG_TABLE_SCHEMA)) IS NULL THEN
    RETURN NULL; -- dropped
  END IF;
  PERFORM pg_catalog.set_config('search_path', pg_catalog.format('%I, pg_temp', TG_TABLE_SCHEMA), true);
  IF TG_OP = 'TRUNCATE' THEN
    -- Truncated together with this table, the other one is empty by now.
    gone := ARRAY(SELECT model_version_id FROM predictions WHERE model_version_id IS NOT NULL ORDER BY model_version_id LIMIT 1);
  ELSIF TG_LEVEL = 'ROW' THEN
    gone := ARRAY[OLD.id];
  ELSE
    gone := ARRAY(SELECT id FROM old_rows);
  END IF;
  IF (pg_catalog.cardinality(gone) > 0 OR TG_OP = 'TRUNCATE')
    AND pg_catalog.current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE feature_not_supported USING
      MESSAGE = 'rows of "model_versions" can be deleted only under READ COMMITTED',
      HINT = 'Begin the transaction with ISOLATION LEVEL READ COMMITTED: an older snapshot would not show every row of "predictions" that refers to them.';
  END IF;
  FOREACH parent IN ARRAY gone LOOP
    IF EXISTS (SELECT FROM predictions WHERE model_version_id = parent)
      AND NOT EXISTS (SELECT FROM model_versions WHERE id = parent) THEN
      RAISE foreign_key_violation USING
        MESSAGE = 'update or delete on table "model_versions" violates foreign key constraint "predictions_model_version_id_fkey" on table "predictions"',
        DETAIL = pg_catalog.format('Key (id)=(%s) is still referenced from table "predictions".', parent),
        SCHEMA = TG_TABLE_SCHEMA, TABLE = 'predictions', COLUMN = 'model_version_id',
        CONSTRAINT = 'predictions_model_version_id_fkey';
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION millrace.keep_version() FROM PUBLIC;

--: trigger model_versions.millrace_children_delete when checked predictions
CREATE TRIGGER millrace_children_delete AFTER DELETE ON model_versions
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION millrace.keep_version();

--: trigger model_versions.millrace_children_update when checked predictions
CREATE TRIGGER millrace_children_update AFTER UPDATE ON model_versions FOR EACH ROW
  WHEN (NEW.id IS DISTINCT FROM OLD.id) EXECUTE FUNCTION millrace.keep_version();

--: trigger model_versions.millrace_children_truncate when checked predictions
CREATE TRIGGER millrace_children_truncate AFTER TRUNCATE ON model_versions
  FOR EACH STATEMENT EXECUTE FUNCTION millrace.keep_version();

--: function millrace.require_run when checked metrics
CREATE FUNCTION millrace.require_run() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wanted bigint[];
  present bigint[];
BEGIN
  IF pg_catalog.to_regclass(pg_catalog.format('%I.training_runs', TG_TABLE_SCHEMA)) IS NULL THEN
    RETURN NULL; -- dropped, as with CASCADE: there is nothing left to refer to
  END IF;
  PERFORM pg_catalog.set_config('search_path', pg_catalog.format('%I, pg_temp', TG_TABLE_SCHEMA), true);
  IF TG_LEVEL = 'ROW' THEN
    wanted := ARRAY[NEW.training_run_id];
  ELSE
    wanted := ARRAY(SELECT DISTINCT training_run_id FROM new_rows WHERE training_run_id IS NOT NULL);
  END IF;
  -- Waits for whoever is deleting one of them, and then does not find it.
  present := ARRAY(SELECT id FROM training_runs WHERE id = ANY (wanted) ORDER BY id FOR KEY SHARE);
  IF pg_catalog.cardinality(present) < pg_catalog.cardinality(wanted) THEN
    RAISE foreign_key_violation USING
      MESSAGE = 'insert or update on table "metrics" violates foreign key constraint "metrics_training_run_id_fkey"',
      DETAIL = pg_catalog.format('Key (training_run_id)=(%s) is not present in table "training_runs".',
        (SELECT pg_catalog.min(id) FROM pg_catalog.unnest(wanted) AS w (id) WHERE id <> ALL (present))),
      SCHEMA = TG_TABLE_SCHEMA, TABLE = 'metrics', COLUMN = 'training_run_id',
      CONSTRAINT = 'metrics_training_run_id_fkey';
  END IF;
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION millrace.require_run() FROM PUBLIC;

--: trigger metrics.millrace_parent_insert when checked metrics
CREATE TRIGGER millrace_parent_insert AFTER INSERT ON metrics
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION millrace.require_run();

--: trigger metrics.millrace_parent_update when checked metrics
-- For each row, but only where the reference changes: other updates need not collect their rows.
CREATE TRIGGER millrace_parent_update AFTER UPDATE ON metrics FOR EACH ROW
  WHEN (NEW.training_run_id IS NOT NULL AND NEW.training_run_id IS DISTINCT FROM OLD.training_run_id)
  EXECUTE FUNCTION millrace.require_run();

--: function millrace.keep_run when checked metrics
-- enable_seqscan: the planner would guess that EXISTS finds a row soon, and read the whole table when there is none.
CREATE FUNCTION millrace.keep_run() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
  gone bigint[];
  parent bigint;
BEGIN
  IF pg_catalog.to_regclass(pg_catalog.format('%I.metrics', TG_TABLE_SCHEMA)) IS NULL THEN
    RETURN NULL; -- dropped
  END IF;
  PERFORM pg_catalog.set_config('search_path', pg_catalog.format('%I, pg_temp', TG_TABLE_SCHEMA), true);
  IF TG_OP = 'TRUNCATE' THEN
    -- Truncated together with this table, the other one is empty by now.
    gone := ARRAY(SELECT training_run_id FROM metrics WHERE training_run_id IS NOT NULL ORDER BY training_run_id LIMIT 1);
  ELSIF TG_LEVEL = 'ROW' THEN
    gone := ARRAY[OLD.id];
  ELSE
    gone := ARRAY(SELECT id FROM old_rows);
  END IF;
  IF (pg_catalog.cardinality(gone) > 0 OR TG_OP = 'TRUNCATE')
    AND pg_catalog.current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE feature_not_supported USING
      MESSAGE = 'rows of "training_runs" can be deleted only under READ COMMITTED',
      HINT = 'Begin the transaction with ISOLATION LEVEL READ COMMITTED: an older snapshot would not show every row of "metrics" that refers to them.';
  END IF;
  FOREACH parent IN ARRAY gone LOOP
    IF EXISTS (SELECT FROM metrics WHERE training_run_id = parent)
      AND NOT EXISTS (SELECT FROM training_runs WHERE id = parent) THEN
      RAISE foreign_key_violation USING
        MESSAGE = 'update or delete on table "training_runs" violates foreign key constraint "metrics_training_run_id_fkey" on table "metrics"',
        DETAIL = pg_catalog.format('Key (id)=(%s) is still referenced from table "metrics".', parent),
        SCHEMA = TG_TABLE_SCHEMA, TABLE = 'metrics', COLUMN = 'training_run_id',
        CONSTRAINT = 'metrics_training_run_id_fkey';
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION millrace.keep_run() FROM PUBLIC;

--: trigger training_runs.millrace_children_delete when checked metrics
CREATE TRIGGER millrace_children_delete AFTER DELETE ON training_runs
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION millrace.keep_run();

--: trigger training_runs.millrace_children_update when checked metrics
CREATE TRIGGER millrace_children_update AFTER UPDATE ON training_runs FOR EACH ROW
  WHEN (NEW.id IS DISTINCT FROM OLD.id) EXECUTE FUNCTION millrace.keep_run();

--: trigger training_runs.millrace_children_truncate when checked metrics
CREATE TRIGGER millrace_children_truncate AFTER TRUNCATE ON training_runs
  FOR EACH STATEMENT EXECUTE FUNCTION millrace.keep_run();
