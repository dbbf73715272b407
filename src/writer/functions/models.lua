local models = defineKind{
  name = 'model',
  born = 'created_at',
  columns = {
    {'name', anyText},
    {'description', anyText, ''},
    {'architecture', anyText, ''},
    {'framework', anyText, ''},
    {'task_type', anyText, ''},
    {'input_shape', anyText, ''},
    {'output_shape', anyText, ''},
    {'created_at', timeOrNow, ''},
    {'updated_at', timeOrNow, function(values) return values.created_at end}
  }
}
local modelIds = 'aidb:model:name_to_id'

-- Adds a model.
--   KEYS    millrace:changes aidb:counter:model aidb:idx:models aidb:model:name_to_id
--   ARGV    pairs: name; description architecture framework task_type input_shape output_shape created_at updated_at
-- Returns its id. A name that another model has already is legal: name_to_id then leads to the newer one.
register('millrace_create_model', function(keys, args)
  expectKeys(keys, changes, 'aidb:counter:model', 'aidb:idx:models', modelIds)
  local values = readRecord(models, args, 1)
  mustBe('hash', modelIds)
  local id = createRecord(models, values, 'aidb:idx:models')
  call('HSET', modelIds, values.name, id)
  return tonumber(id)
end)

-- Takes a model's name out of name_to_id, unless another model has it by now.
local function releaseName(id, name)
  if name and call('HGET', modelIds, name) == id then call('HDEL', modelIds, name) end
end

-- Changes fields of a model.
--   KEYS    millrace:changes aidb:model:<id> aidb:model:name_to_id
--   ARGV    the id; pairs: name description architecture framework task_type input_shape output_shape updated_at
-- Returns 1, or 0 if there is no such model. updated_at becomes now unless it is given.
register('millrace_update_model', function(keys, args)
  local id, values = readUpdate(models, args)
  expectKeys(keys, changes, keyOf(models, id), modelIds)
  refuseNothing(args)
  mustBe('hash', modelIds)
  values.updated_at = values.updated_at or now()
  local before = fieldOf(keys[2], 'name')
  if updateRecord(models, id, values) == 0 then return 0 end
  if values.name then
    releaseName(id, before)
    call('HSET', modelIds, values.name, id)
  end
  return 1
end)

-- Deletes a model: its hash, its index entry, its name. Its versions stay.
--   KEYS    millrace:changes aidb:model:<id> aidb:idx:models aidb:model:name_to_id
--   ARGV    the id
-- Returns 1, or 0 if there is no such model.
register('millrace_delete_model', function(keys, args)
  local id = readIds(args, 'model_id')
  expectKeys(keys, changes, keyOf(models, id), 'aidb:idx:models', modelIds)
  mustBe('hash', modelIds)
  local name = fieldOf(keys[2], 'name')
  local deleted = deleteRecord(models, id, 'aidb:idx:models')
  if deleted == 1 then releaseName(id, name) end
  return deleted
end, evenWhenFull)
