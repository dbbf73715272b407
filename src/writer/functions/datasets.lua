local datasets = defineKind{
  name = 'dataset',
  columns = {
    {'name', anyText},
    {'description', anyText, ''},
    {'source_path', anyText, ''},
    {'format', anyText, ''},
    {'size_bytes', aCount, ''},
    {'num_samples', aCount, ''},
    {'split_info', someJson, '{}'},
    {'preprocessing', someJson, '{}'},
    {'created_at', timeOrNow, ''}
  }
}

-- Adds a dataset.
--   KEYS    millrace:changes aidb:counter:dataset aidb:idx:datasets
--   ARGV    pairs: name; description source_path format size_bytes num_samples split_info preprocessing created_at
-- Returns its id.
register('millrace_create_dataset', function(keys, args)
  expectKeys(keys, changes, 'aidb:counter:dataset', 'aidb:idx:datasets')
  return tonumber(createRecord(datasets, readRecord(datasets, args, 1), 'aidb:idx:datasets'))
end)

-- Deletes a dataset: its hash and its index entry.
--   KEYS    millrace:changes aidb:dataset:<id> aidb:idx:datasets
--   ARGV    the id
-- Returns 1, or 0 if there is no such dataset.
register('millrace_delete_dataset', function(keys, args)
  local id = readIds(args, 'dataset_id')
  expectKeys(keys, changes, keyOf(datasets, id), 'aidb:idx:datasets')
  return deleteRecord(datasets, id, 'aidb:idx:datasets')
end, evenWhenFull)
