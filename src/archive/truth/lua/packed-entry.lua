-- The beginning of the scripts that read entries of streams of the user's own: `packed_of`, and `rest`, behind which their own arguments are.
--
-- ARGV  1 most bytes of one entry
--       2 F, the number of fields to read, then their names
local call, concat, sub = redis.call, table.concat, string.sub
local limit, F = tonumber(ARGV[1]), tonumber(ARGV[2])
local rest = 2 + F

local places = {}
for i = 1, F do
  local field = ARGV[2 + i]
  places[field] = places[field] or {}
  table.insert(places[field], i)
end

-- Id and values of the fields as a packed record (see packed.ts); or the bytes of an entry that has too many. Of a field that an entry has
-- twice the last value counts, as in a hash.
local function packed_of(id, fields)
  local values, lengths, present, bytes = {}, { #id }, { id }, #id
  for i = 1, #fields, 2 do
    for _, place in ipairs(places[fields[i]] or {}) do values[place] = fields[i + 1] end
  end
  for i = 1, F do
    local value = values[i]
    lengths[1 + i] = value and #value or '-'
    if value then
      present[#present + 1] = value
      bytes = bytes + #value
    end
  end
  if bytes > limit then return bytes end
  return concat(lengths, ' ') .. '\n' .. concat(present)
end
