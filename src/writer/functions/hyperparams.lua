-- Writes hyperparameters of a run; what it had under the same names is overwritten. Values are stored as they are.
--   KEYS    millrace:changes aidb:hyperparam:<run_id>
--   ARGV    the run's id; pairs of name and value
-- Returns how many names are new. The run need not exist (yet).
register('millrace_log_hyperparams', function(keys, args)
  local run = anId('run_id', args[1] or '')
  local key = 'aidb:hyperparam:' .. run
  expectKeys(keys, changes, key)
  if not args[2] then refuse('nothing to log: give names and values after the run_id') end
  if #args % 2 == 0 then refuse('%s has no value: names and values come in pairs', shown(args[#args])) end
  mustBe('hash', key)
  append('hyperparam', run)
  table.remove(args, 1)
  return callWithList('HSET', key, args)
end)

-- Deletes all hyperparameters of a run.
--   KEYS    millrace:changes aidb:hyperparam:<run_id>
--   ARGV    the run's id
-- Returns 1, or 0 if there are none.
register('millrace_delete_hyperparams', function(keys, args)
  local run = readIds(args, 'run_id')
  local key = 'aidb:hyperparam:' .. run
  expectKeys(keys, changes, key)
  mustBe('hash', key)
  if call('EXISTS', key) == 0 then return 0 end
  append('hyperparam-', run)
  return call('UNLINK', key)
end, evenWhenFull)
