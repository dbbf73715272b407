-- What keys hold, whatever their type, for a person to read: without what is large, and in all no more than fits. Reads only.
--
-- ARGV  1 most bytes of what one key holds
--       2 most bytes of all
--       3 1: ask for lifetimes, too
--       4 … keys
-- Result: for each key nil (no such key) or {type, milliseconds left (-1: for ever), how many bytes or elements, its text or a flat list of its elements,
-- which is left out where that is too much, and for other types than string, hash, set and zset}
local most, budget = tonumber(ARGV[1]), tonumber(ARGV[2])
local lengths = {string = 'STRLEN', hash = 'HLEN', set = 'SCARD', zset = 'ZCARD'}
local reads = {string = {'GET'}, hash = {'HGETALL'}, set = {'SMEMBERS'}, zset = {'ZRANGE', 0, -1, 'WITHSCORES'}}
local result = {}
for i = 4, #ARGV do
  local key = ARGV[i]
  local kind = redis.call('TYPE', key).ok
  local shown = false
  if kind ~= 'none' then
    shown = {kind, ARGV[3] == '1' and redis.call('PTTL', key) or -1, 0}
    if lengths[kind] then
      shown[3] = redis.call(lengths[kind], key)
      local bytes = shown[3]
      if kind ~= 'string' and bytes <= 1000 then bytes = redis.call('MEMORY', 'USAGE', key, 'SAMPLES', 0) end
      if bytes <= most and bytes <= budget and (kind == 'string' or shown[3] <= 1000) then
        budget = budget - bytes
        local command = reads[kind]
        shown[4] = redis.call(command[1], key, unpack(command, 2))
      end
    end
  end
  result[i - 3] = shown
end
return result
