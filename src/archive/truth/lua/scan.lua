-- A step of SCAN over all records, with the creation times of those of the packed kind (predictions). Reads only.
--
-- ARGV  1 cursor
--       2 COUNT
--       3 prefix of the packed kind's keys ('' = there is no such kind)
--       4 the packed kind's field with the creation time
--       5 most bytes of a key: a longer one is nobody's record, and is left out
--       6 an id of the packed kind: of what lies above it no time is asked for ('' = there is none)
--       7 MATCH: what all of these keys begin with
--       8 and following: the prefixes that are wanted; none: all that match are
-- Result: {cursor, ids, times, higher, keys}
--       ids    numbers of packed records, a line each; as one text, because thousands of small replies cost the reader more than
--              all the rest
--       times  the creation times of these, a line each; '': no hash, no such field, or no time
--       higher numbers of packed records above that id, a line each
--       keys   all other keys
local pattern, field = ARGV[3] ~= '' and '^' .. string.gsub(ARGV[3], '%p', '%%%0') .. '(%d+)$', ARGV[4]
-- In bytes; no creation time is longer. With this limit the reply stays small whatever the field holds.
local longest = 64
local longest_key = tonumber(ARGV[5])
-- As numbers of 53 bits: a larger one may be rounded down to this id, and is asked for its time needlessly.
local above = tonumber(ARGV[6]) or math.huge

local pcall, match, find = redis.pcall, string.match, string.find
local page = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[7], 'COUNT', ARGV[2])
local function wanted(key)
  for i = 8, #ARGV do
    if string.sub(key, 1, #ARGV[i]) == ARGV[i] then return true end
  end
  return #ARGV == 7
end
local ids, times, higher, keys = {}, {}, {}, {}
for _, key in ipairs(page[2]) do
  local id = pattern and match(key, pattern)
  if id and tonumber(id) > above then
    higher[#higher + 1] = id
  elseif id then
    local time = pcall('HGET', key, field)
    local fits = type(time) == 'string' and #time <= longest and not find(time, '\n', 1, true)
    ids[#ids + 1] = id
    times[#ids] = fits and time or ''
  elseif #key <= longest_key and wanted(key) then
    keys[#keys + 1] = key
  end
end
return {page[1], table.concat(ids, '\n'), table.concat(times, '\n'), table.concat(higher, '\n'), keys}
