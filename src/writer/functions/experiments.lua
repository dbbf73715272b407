local experiments = defineKind{
  name = 'experiment',
  born = 'created_at',
  columns = {
    {'name', anyText},
    {'description', anyText, ''},
    {'hypothesis', anyText, ''},
    {'status', anyText, 'active'},
    {'created_at', timeOrNow, ''},
    {'completed_at', timeOrNone, ''},
    {'results', someJson, '{}'}
  }
}

-- Adds an experiment.
--   KEYS    millrace:changes aidb:counter:experiment aidb:idx:experiments
--   ARGV    pairs: name; description hypothesis status created_at completed_at results
-- Returns its id.
register('millrace_create_experiment', function(keys, args)
  expectKeys(keys, changes, 'aidb:counter:experiment', 'aidb:idx:experiments')
  return tonumber(createRecord(experiments, readRecord(experiments, args, 1), 'aidb:idx:experiments'))
end)

-- Changes fields of an experiment.
--   KEYS    millrace:changes aidb:experiment:<id>
--   ARGV    the id; pairs: those of millrace_create_experiment but created_at, which is part of its identity
-- Returns 1, or 0 if there is no such experiment.
register('millrace_update_experiment', function(keys, args)
  local id, values = readUpdate(experiments, args)
  expectKeys(keys, changes, keyOf(experiments, id))
  refuseNothing(args)
  return updateRecord(experiments, id, values)
end)

-- The same for an experiment that has ended: status becomes `completed` and completed_at now, unless they are given.
--   ARGV    the id; pairs, or none
register('millrace_complete_experiment', function(keys, args)
  local id, values = readUpdate(experiments, args)
  expectKeys(keys, changes, keyOf(experiments, id))
  return updateRecord(experiments, id, asCompleted(values))
end)

-- Deletes an experiment: its hash and its index entry. Which runs it had stays.
--   KEYS    millrace:changes aidb:experiment:<id> aidb:idx:experiments
--   ARGV    the id
-- Returns 1, or 0 if there is no such experiment.
register('millrace_delete_experiment', function(keys, args)
  local id = readIds(args, 'experiment_id')
  expectKeys(keys, changes, keyOf(experiments, id), 'aidb:idx:experiments')
  return deleteRecord(experiments, id, 'aidb:idx:experiments')
end, evenWhenFull)
