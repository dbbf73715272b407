-- Puts hyperparameters or metric points back that are not there. What is there stays as it is.
--
-- ARGV  1 HSETNX or ZADD
--       2 1: change nothing, only tell
--       3 a list of parents, as JSON: [key, field with the creation time, the creation time it has to have]
--       4 a list of parts, as JSON: [its parent (a number from 1), key, name, value] or [its parent, key, score, member]
-- Result: for each part 1 restored, 2 was there, 3 its parent is not there, 4 the key holds another type
local pcall = redis.pcall
local RESTORED, THERE, ORPHAN, BLOCKED = 1, 2, 3, 4
local command, look = ARGV[1], ARGV[2] == '1'
local parents = {}
for i, parent in ipairs(cjson.decode(ARGV[3])) do
  local live = pcall('HGET', parent[1], parent[2])
  parents[i] = live == parent[3] or (look and not live)
end

-- Adds a part. Returns 1 if it was not there, else 0; or an error.
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
for i, part in ipairs(cjson.decode(ARGV[4])) do
  local result = ORPHAN
  if parents[part[1]] then
    local added = add(part[2], part[3], part[4])
    if type(added) ~= 'table' then
      result = added == 1 and RESTORED or THERE
    elseif string.find(added.err, '^WRONGTYPE') then
      result = BLOCKED
    else
      return added
    end
  end
  results[i] = result
end
return results
