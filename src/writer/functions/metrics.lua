local function wholeOrNull(name, text)
  if text == '' then return 'null' end
  if not find(text, '^%-?%d+$') then refuse('%s must be a whole number, not %s', name, shown(text)) end
  return jsonNumber(name, text)
end

local metrics = defineKind{
  name = 'metric',
  columns = {
    {'run_id', anId},
    {'metric_name', anyText},
    {'metric_value', jsonNumber},
    {'epoch', wholeOrNull, ''},
    {'step', wholeOrNull, ''},
    {'split', function(_, text) return text == '' and 'train' or text end, ''},
    {'timestamp', timeOrNow, ''}
  }
}

-- The zset's member: the keys in the order in which Python's dictionary has them.
local function metricMember(values)
  return '{"epoch": ' .. values.epoch .. ', "step": ' .. values.step
    .. ', "metric_name": ' .. jsonString('metric_name', values.metric_name)
    .. ', "metric_value": ' .. values.metric_value
    .. ', "split": ' .. jsonString('split', values.split)
    .. ', "timestamp": "' .. values.timestamp .. '"}'
end

local function metricScore(values)
  if values.epoch ~= 'null' then return values.epoch end
  return values.step ~= 'null' and values.step or '0'
end

-- The stream pair of a point. `series` is what follows `aidb:metric:<run>:` in its key.
local function metricChange(run, started, series, member)
  local header = format('%d %s %d %d\n', #run, started and #started or '-', #series, #member)
  local packed = header .. run .. (started or '') .. series .. member
  if #packed <= largestCarried then return 'metric=', packed end
  return 'metric', run .. ':' .. series
end

-- Adds a point to a metric of a run.
--   KEYS    millrace:changes aidb:run:<run_id> aidb:metric:<run_id>:<metric_name>:<split>
--   ARGV    pairs: run_id metric_name metric_value; epoch step split (train) timestamp
-- Returns 1, or 0 if the very same point is there already. The run need not exist (yet).
register('millrace_log_metric', function(keys, args)
  local values = readRecord(metrics, args, 1)
  local run, series = values.run_id, values.metric_name .. ':' .. values.split
  local key = 'aidb:metric:' .. run .. ':' .. series
  expectKeys(keys, changes, 'aidb:run:' .. run, key)
  local member = metricMember(values)
  mustBe('zset', key)
  append(metricChange(run, fieldOf(keys[2], 'started_at'), series, member))
  return call('ZADD', key, metricScore(values), member)
end)

-- Values in a row of millrace_log_metrics.
local metricRow = {'metric_name', 'metric_value', 'epoch', 'step', 'split', 'timestamp'}

-- Adds points to metrics of one run.
--   KEYS    millrace:changes aidb:run:<run_id>, then each aidb:metric:<run_id>:<metric_name>:<split>, in any order
--   ARGV    the run's id; for each point six values: metric_name metric_value epoch step split timestamp ('' = none)
-- Returns how many points are new.
register('millrace_log_metrics', function(keys, args)
  local run = anId('run_id', args[1] or '')
  if #args < 2 or (#args - 1) % #metricRow ~= 0 then
    refuse('after the run_id come six values for each point: %s', table.concat(metricRow, ' '))
  end
  if keys[1] ~= changes or keys[2] ~= 'aidb:run:' .. run then refuse('the keys must begin with: %s aidb:run:%s', changes, run) end
  local points = {}
  for i = 3, #keys do
    mustBe('zset', keys[i])
    points[keys[i]] = {}
  end
  local started = fieldOf(keys[2], 'started_at')
  local pending, checks, values = {}, metrics.checks, {}
  for i = 2, #args, #metricRow do
    for j, name in ipairs(metricRow) do values[name] = checks[name](name, args[i + j - 1]) end
    local series, member = values.metric_name .. ':' .. values.split, metricMember(values)
    local key = 'aidb:metric:' .. run .. ':' .. series
    local list = points[key] or refuse('the keys must name %s', shown(key))
    list[#list + 1] = metricScore(values)
    list[#list + 1] = member
    pending[#pending + 1], pending[#pending + 2] = metricChange(run, started, series, member)
  end
  appendAll(pending)
  local added = 0
  for key, list in pairs(points) do
    added = added - call('ZCARD', key)
    callWithList('ZADD', key, list)
    added = added + call('ZCARD', key)
  end
  return added
end)

-- Deletes a metric of a run with all its points.
--   KEYS    millrace:changes aidb:metric:<run_id>:<metric_name>:<split>
--   ARGV    the run's id; metric_name; split
-- Returns 1, or 0 if there is none.
register('millrace_delete_metric', function(keys, args)
  if #args ~= 3 then refuse('the arguments must be: run_id, metric_name, split') end
  local identity = anId('run_id', args[1]) .. ':' .. args[2] .. ':' .. args[3]
  expectKeys(keys, changes, 'aidb:metric:' .. identity)
  mustBe('zset', keys[2])
  if call('EXISTS', keys[2]) == 0 then return 0 end
  append('metric-', identity)
  return call('UNLINK', keys[2])
end, evenWhenFull)
