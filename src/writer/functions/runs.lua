local runs = defineKind{
  name = 'run',
  born = 'started_at',
  columns = {
    {'model_version_id', anId},
    {'dataset_id', idOrNone, '0'},
    {'run_name', anyText, ''},
    {'status', anyText, 'running'},
    {'started_at', timeOrNow, ''},
    {'completed_at', timeOrNone, ''},
    {'duration_seconds', aNumber, ''},
    {'final_loss', aNumber, ''},
    {'best_metric_value', aNumber, ''},
    {'artifacts', someJson, '{}'}
  }
}

-- Adds a training run.
--   KEYS    millrace:changes aidb:counter:run aidb:idx:runs
--   ARGV    pairs: model_version_id; dataset_id run_name status started_at completed_at duration_seconds final_loss
--           best_metric_value artifacts
-- Returns its id. The version and the dataset need not exist (yet).
register('millrace_create_run', function(keys, args)
  expectKeys(keys, changes, 'aidb:counter:run', 'aidb:idx:runs')
  return tonumber(createRecord(runs, readRecord(runs, args, 1), 'aidb:idx:runs'))
end)

-- Changes fields of a run.
--   KEYS    millrace:changes aidb:run:<id>
--   ARGV    the id; pairs: those of millrace_create_run but started_at, which is part of a run's identity
-- Returns 1, or 0 if there is no such run.
register('millrace_update_run', function(keys, args)
  local id, values = readUpdate(runs, args)
  expectKeys(keys, changes, keyOf(runs, id))
  refuseNothing(args)
  return updateRecord(runs, id, values)
end)

-- The same for a run that has ended: status becomes `completed` and completed_at now, unless they are given.
--   ARGV    the id; pairs, or none
register('millrace_complete_run', function(keys, args)
  local id, values = readUpdate(runs, args)
  expectKeys(keys, changes, keyOf(runs, id))
  return updateRecord(runs, id, asCompleted(values))
end)

-- Deletes a run: its hash and its index entry. Its hyperparameters and metrics stay.
--   KEYS    millrace:changes aidb:run:<id> aidb:idx:runs
--   ARGV    the id
-- Returns 1, or 0 if there is no such run.
register('millrace_delete_run', function(keys, args)
  local id = readIds(args, 'run_id')
  expectKeys(keys, changes, keyOf(runs, id), 'aidb:idx:runs')
  return deleteRecord(runs, id, 'aidb:idx:runs')
end, evenWhenFull)
