-- A step of SCAN over the keys with certain prefixes, answered with one text: a client takes longer to take a thousand values apart than to look
-- at them. Without the keys that have very long names, when that has brought too much. Reads only.
--
-- ARGV  1 cursor
--       2 COUNT
--       3 a pattern for MATCH that no other keys fit; '': there is none, and each name is looked at here
--       4 most bytes of a name; 0: any
--       5 … prefixes, none of which is the beginning of another
-- Result: {cursor, names as an array of MessagePack}
local pattern, longest = ARGV[3], tonumber(ARGV[4])
local page
if pattern == '' then
  page = redis.call('SCAN', ARGV[1], 'COUNT', ARGV[2])
else
  page = redis.call('SCAN', ARGV[1], 'MATCH', pattern, 'COUNT', ARGV[2])
  if longest == 0 then return {page[1], cmsgpack.pack(page[2])} end
end
local wanted, lengths = {}, {}
for i = 5, #ARGV do
  if not wanted[#ARGV[i]] then
    wanted[#ARGV[i]] = {}
    lengths[#lengths + 1] = #ARGV[i]
  end
  wanted[#ARGV[i]][ARGV[i]] = true
end
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
return {page[1], cmsgpack.pack(names)}
