-- Reads strings whole, all of one moment.
--
-- KEYS  that of each
-- ARGV  1 most bytes to return: reading stops after the string that reaches it, and the caller asks for the rest
--       2 most bytes of one string: a longer one is not read
-- Result: for each string read, in the order of KEYS: nil (no such string), its bytes, if these are too many, or {string}
local budget, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local found = {}
for index, key in ipairs(KEYS) do
  local length = redis.pcall('STRLEN', key)
  if type(length) ~= 'number' then found[index] = false
  elseif length > limit then found[index] = length
  else
    local value = redis.call('GET', key)
    found[index] = value and { value }
    budget = budget - length
  end
  if budget <= 0 then break end
end
return found
