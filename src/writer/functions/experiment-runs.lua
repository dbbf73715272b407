local experimentRuns = defineKind{
  name = 'run of an experiment',
  columns = {
    {'experiment_id', anId},
    {'training_run_id', anId},
    {'variant_name', anyText, ''},
    {'notes', anyText, ''}
  }
}

-- Puts a run into an experiment; done again it writes variant and notes anew.
--   KEYS    millrace:changes aidb:exprun:<experiment_id>:<training_run_id> aidb:exprun:<experiment_id>:runs
--   ARGV    pairs: experiment_id training_run_id; variant_name notes
-- Returns 1 if the run is new to the experiment, else 0. Neither need exist (yet).
register('millrace_add_run_to_experiment', function(keys, args)
  local values = readRecord(experimentRuns, args, 1)
  local pair = values.experiment_id .. ':' .. values.training_run_id
  expectKeys(keys, changes, 'aidb:exprun:' .. pair, 'aidb:exprun:' .. values.experiment_id .. ':runs')
  mustBe('hash', keys[2])
  mustBe('set', keys[3])
  append('exprun', pair)
  call('HSET', keys[2], 'experiment_id', values.experiment_id, 'training_run_id', values.training_run_id,
    'variant_name', values.variant_name, 'notes', values.notes)
  return call('SADD', keys[3], values.training_run_id)
end)

-- Takes a run out of an experiment.
--   KEYS    millrace:changes aidb:exprun:<experiment_id>:<training_run_id> aidb:exprun:<experiment_id>:runs
--   ARGV    the experiment's id; the run's
-- Returns 1, or 0 if it was not in it.
register('millrace_delete_experiment_run', function(keys, args)
  local experiment, run = readIds(args, 'experiment_id', 'training_run_id')
  local pair = experiment .. ':' .. run
  expectKeys(keys, changes, 'aidb:exprun:' .. pair, 'aidb:exprun:' .. experiment .. ':runs')
  mustBe('hash', keys[2])
  mustBe('set', keys[3])
  if call('EXISTS', keys[2]) == 0 and call('SISMEMBER', keys[3], run) == 0 then return 0 end
  append('exprun-', pair)
  call('UNLINK', keys[2])
  call('SREM', keys[3], run)
  return 1
end, evenWhenFull)
