-- Reads predictions in the packed form in which the stream carries them (see packed.ts), together with the creation times of their
-- versions, all of one moment: between two commands a flush could give the same ids to other records.
--
-- KEYS  aidb:prediction:<id> of each
-- ARGV  1 most bytes to return: reading stops after the record that reaches it, and the caller asks for the rest
-- Result: for each record read, in the order of KEYS
--       nil         no such key
--       {type}      the key holds another type than a hash
--       packed      id, created_at of its version, model_version_id input output confidence inference_time_ms timestamp metadata
local pcall, sub, format = redis.pcall, string.sub, string.format
local prefix = #'aidb:prediction:'
local budget = tonumber(ARGV[1])

local versions = {}
local function created(version)
  local known = versions[version]
  if known == nil then
    local reply = pcall('HGET', 'aidb:version:' .. version, 'created_at')
    known = type(reply) == 'string' and reply
    versions[version] = known
  end
  return known
end

local function read(command, key)
  return command('HMGET', key, 'model_version_id', 'input', 'output', 'confidence', 'inference_time_ms', 'timestamp', 'metadata')
end

local records = {}
for index, key in ipairs(KEYS) do
  local values = read(pcall, key)
  local version, input, output, confidence, ms, time, metadata = unpack(values)
  local kind = not (version and time) and redis.call('TYPE', key).ok
  local record
  if kind == 'none' then
    record = false
  elseif kind and kind ~= 'hash' then
    record = {kind}
  else
    if values.err then read(redis.call, key) end
    local id, born = sub(key, prefix + 1), version and created(version)
    record = format('%d %s %s %s %s %s %s %s %s\n', #id, born and #born or '-', version and #version or '-', input and #input or '-',
      output and #output or '-', confidence and #confidence or '-', ms and #ms or '-', time and #time or '-',
      metadata and #metadata or '-') .. id .. (born or '') .. (version or '') .. (input or '') .. (output or '')
      .. (confidence or '') .. (ms or '') .. (time or '') .. (metadata or '')
    budget = budget - #record
  end
  records[index] = record
  if budget <= 0 then break end
end
return records
