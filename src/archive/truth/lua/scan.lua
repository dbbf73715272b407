-- A step of SCAN over all records. Reads only.
--
-- ARGV  1 cursor
--       2 COUNT
--       3 prefix of the packed kind's keys ('' = there is no such kind)
--       4 most bytes of a key: a longer one is nobody's record, and is left out
--       5 MATCH: what all of these keys begin with
--       6 and following: the prefixes that are wanted; none: all that match are
-- Result: {cursor, numbers, keys}
--       numbers  those of packed records, a line each; as one text, because thousands of small replies cost the reader more than all
--                the rest
--       keys     all other keys
local pattern = ARGV[3] ~= '' and '^' .. string.gsub(ARGV[3], '%p', '%%%0') .. '(%d+)$'
local longest_key = tonumber(ARGV[4])

local match = string.match
local page = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[5], 'COUNT', ARGV[2])
local function wanted(key)
  for i = 6, #ARGV do
    if string.sub(key, 1, #ARGV[i]) == ARGV[i] then return true end
  end
  return #ARGV == 5
end
local numbers, keys = {}, {}
for _, key in ipairs(page[2]) do
  local number = pattern and match(key, pattern)
  if number then
    numbers[#numbers + 1] = number
  elseif #key <= longest_key and wanted(key) then
    keys[#keys + 1] = key
  end
end
return {page[1], table.concat(numbers, '\n'), keys}
