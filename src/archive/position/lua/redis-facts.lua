-- Facts that tell one state of Redis from an earlier one, all of one moment. Reads only. Neither the contents of entries, which may
-- have any size, nor values longer than they should be are returned.
--
-- ARGV  1 the stream: as a key it would have to be granted for writing
--       2 key of the incarnation
--       3 entry id of the position
--       4 bytes that the stream may take, for XINFO reads its first and last entry, whatever their size
--       5 … keys of the counters
-- Result: the error HEAVY; or {run id, replication id or nil, incarnation, whether the entry at the position is there (1, 0), stream, counter…}
--       incarnation  nil: none, or of another type
--       stream       nil: none; its type, if that is another; or {length, last generated id, first id or nil, entries ever added or nil}
local key = ARGV[1]
local longest = 100

local function short(text) return type(text) == 'string' and string.sub(text, 1, longest) end

local kind = redis.call('TYPE', key).ok
local stream, there = false, 0
if kind == 'stream' then
  local memory = redis.pcall('MEMORY', 'USAGE', key, 'SAMPLES', 1)
  if type(memory) == 'number' and memory > tonumber(ARGV[4]) then return redis.error_reply('HEAVY ' .. memory) end
  local info = redis.call('XINFO', 'STREAM', key)
  local facts = {}
  for i = 1, #info, 2 do facts[info[i]] = info[i + 1] end
  local first = facts['first-entry']
  stream = { facts['length'], facts['last-generated-id'], first and first[1] or false, facts['entries-added'] or false }
  if #redis.call('XRANGE', key, ARGV[3], ARGV[3], 'COUNT', 1) > 0 then there = 1 end
elseif kind ~= 'none' then
  stream = kind
end
local result = {
  string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or '',
  string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') or false,
  short(redis.pcall('GET', ARGV[2])), there, stream
}
local counters = #ARGV > 4 and redis.call('MGET', unpack(ARGV, 5)) or {}
for i, value in ipairs(counters) do result[5 + i] = short(value) end
return result
