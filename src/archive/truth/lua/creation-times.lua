-- The creation times of records. Reads only.
--
-- ARGV  1 what their keys begin with
--       2 the field with the creation time
--       3 what follows in their keys, a line each. Hundreds of keys cost the sender more than all the rest
-- Result: the times, a line each, as one text: thousands of small replies cost the reader more than all the rest
--       ''  no hash, no such field, or no time
--       -   no such key
local prefix, field = ARGV[1], ARGV[2]
-- In bytes; no creation time is longer. With this limit the reply stays small whatever the field holds.
local longest = 64

local pcall, find = redis.pcall, string.find
local times, n = {}, 0
for id in string.gmatch(ARGV[3], '[^\n]+') do
  local key = prefix .. id
  local time = pcall('HGET', key, field)
  if type(time) ~= 'string' then
    time = redis.call('EXISTS', key) == 0 and '-' or ''
  elseif #time > longest or find(time, '\n', 1, true) then
    time = ''
  end
  n = n + 1
  times[n] = time
end
return table.concat(times, '\n')
