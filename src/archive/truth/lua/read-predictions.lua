-- Reads predictions in the packed form in which the stream carries them (see packed.ts), together with the creation times of their
-- versions, all of one moment: between two commands a flush could give the same ids to other records.
--
-- KEYS  aidb:prediction:<id> of each
-- ARGV  1 most bytes to return: reading stops after the record that reaches it, and the caller asks for the rest
--       2 most bytes of one record: a larger one is not read, for reading would take three times its size inside Redis
-- Result: for each record read, in the order of KEYS
--       nil         no such key
--       {type}      the key holds another type than a hash
--       number      the bytes of a record that has too many
--       packed      id, created_at of its version, model_version_id input output confidence inference_time_ms timestamp metadata
local pcall, sub, format = redis.pcall, string.sub, string.format
local prefix = #'aidb:prediction:'
local budget, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local fields = {'model_version_id', 'input', 'output', 'confidence', 'inference_time_ms', 'timestamp', 'metadata'}
-- In bytes; no creation time is longer.
local longest = 64

local versions = {}
local function created(version)
  local known = versions[version]
  if known == nil then
    local reply = pcall('HGET', 'aidb:version:' .. version, 'created_at')
    known = type(reply) == 'string' and #reply <= longest and reply
    versions[version] = known
  end
  return known
end

local function read(command, key) return command('HMGET', key, unpack(fields)) end

-- How many bytes the record has, if these are too many; else false. Mostly the memory that the whole key takes shows that they are not.
local function excess(key)
  local memory = pcall('MEMORY', 'USAGE', key, 'SAMPLES', 100)
  if type(memory) ~= 'number' or memory <= limit then return false end
  local bytes = 0
  for _, field in ipairs(fields) do
    local length = pcall('HSTRLEN', key, field)
    if type(length) ~= 'number' then return false end
    bytes = bytes + length
  end
  return bytes > limit and bytes
end

local function record_of(key)
  local values = read(pcall, key)
  local version, input, output, confidence, ms, time, metadata = unpack(values)
  local kind = not (version and time) and redis.call('TYPE', key).ok
  if kind == 'none' then return false end
  if kind and kind ~= 'hash' then return {kind} end
  if values.err then read(redis.call, key) end
  local id, born = sub(key, prefix + 1), version and created(version)
  return format('%d %s %s %s %s %s %s %s %s\n', #id, born and #born or '-', version and #version or '-', input and #input or '-',
    output and #output or '-', confidence and #confidence or '-', ms and #ms or '-', time and #time or '-',
    metadata and #metadata or '-') .. id .. (born or '') .. (version or '') .. (input or '') .. (output or '')
    .. (confidence or '') .. (ms or '') .. (time or '') .. (metadata or '')
end
