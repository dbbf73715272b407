-- A step of SCAN over alias keys without those that have very long names: used when SCAN itself has brought too much. Reads only.
--
-- ARGV  1 cursor
--       2 COUNT
--       3 most bytes of a name
-- Result: {cursor, names}
local page = redis.call('SCAN', ARGV[1], 'MATCH', 'alias:*', 'COUNT', ARGV[2])
local names = {}
for _, name in ipairs(page[2]) do
  if #name <= tonumber(ARGV[3]) then names[#names + 1] = name end
end
return { page[1], names }
