-- Puts hyperparameters or metric points back that are not there. What is there stays as it is.
--
-- ARGV  1 HSETNX or ZADD
--       2 1: only look
--       3 P, then for each of P parents: key, field with the creation time, the creation time it has to have
--       then for each part: number of its parent (from 1), key, and name and value, or score and member
-- Result: for each part 1 restored, 2 it is there, 3 its parent is not there, 4 the key holds another type
local call, pcall = redis.call, redis.pcall
local RESTORED, THERE, ORPHAN, BLOCKED = 1, 2, 3, 4
local command, look = ARGV[1], ARGV[2] == '1'
local at = 3
local parents = {}
for i = 1, tonumber(ARGV[3]) do
  local live = pcall('HGET', ARGV[at + 1], ARGV[at + 2])
  parents[tostring(i)] = live == ARGV[at + 3] or (look and not live)
  at = at + 3
end

-- 1 if it was not there, else 0; or an error.
local function add(key, first, second)
  if command == 'ZADD' then
    if not look then return pcall('ZADD', key, 'NX', first, second) end
    local score = pcall('ZSCORE', key, second)
    return type(score) == 'table' and score or (score and 0 or 1)
  end
  if not look then return pcall('HSETNX', key, first, second) end
  local there = pcall('HEXISTS', key, first)
  return type(there) == 'table' and there or 1 - there
end

local results = {}
for i = at + 1, #ARGV, 4 do
  local result = ORPHAN
  if parents[ARGV[i]] then
    local added = add(ARGV[i + 1], ARGV[i + 2], ARGV[i + 3])
    if type(added) ~= 'table' then
      result = added == 1 and RESTORED or THERE
    elseif string.find(added.err, '^WRONGTYPE') then
      result = BLOCKED
    else
      return added
    end
  end
  results[#results + 1] = result
end
return results
