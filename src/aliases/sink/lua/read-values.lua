-- Values of alias keys without the large ones, and in all no more than fit: used when MGET has brought too much. Reads only.
--
-- ARGV  1 most bytes of one value
--       2 most bytes of all
--       3 … keys
-- Result: for each key nil (no such key, or of another type), its value, or, where that was left out, the number of its bytes
local most, budget = tonumber(ARGV[1]), tonumber(ARGV[2])
local values = {}
for i = 3, #ARGV do
  local bytes = redis.pcall('STRLEN', ARGV[i])
  local value = false
  if type(bytes) == 'number' and (bytes > most or bytes > budget) then
    value = bytes
  elseif type(bytes) == 'number' then
    value = redis.call('GET', ARGV[i])
    budget = budget - bytes
  end
  values[i - 2] = value
end
return values
