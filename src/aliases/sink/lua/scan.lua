-- A step of SCAN over the keys with certain prefixes: used where these have no beginning in common that MATCH could look for, and,
-- without the keys that have very long names, when SCAN itself has brought too much. Reads only.
--
-- ARGV  1 cursor
--       2 COUNT
--       3 most bytes of a name; 0: any
--       4 … prefixes, none of which is the beginning of another
-- Result: {cursor, names}
local longest = tonumber(ARGV[3])
local wanted, lengths = {}, {}
for i = 4, #ARGV do
  if not wanted[#ARGV[i]] then
    wanted[#ARGV[i]] = {}
    lengths[#lengths + 1] = #ARGV[i]
  end
  wanted[#ARGV[i]][ARGV[i]] = true
end
local page = redis.call('SCAN', ARGV[1], 'COUNT', ARGV[2])
local names = {}
for _, name in ipairs(page[2]) do
  if longest == 0 or #name <= longest then
    for _, length in ipairs(lengths) do
      if wanted[length][string.sub(name, 1, length)] then
        names[#names + 1] = name
        break
      end
    end
  end
end
return { page[1], names }
