-- Entries of the stream `millrace:changes`: pairs of a field, which says what happened to which kind, and a value.
--   <kind>    the record changed: what follows `aidb:<kind>:` in its key
--   <kind>-   the application deleted it: the same
--   <kind>=   records themselves, packed, one after another (append-only kinds: predictions and metrics)
--   :key      whichever record this whole key is changed; of no kind, for no name of one begins so
--   :key-     the application deleted it: the same
--   :part-    it took a part of it away: the same
-- Packed: byte lengths in decimal, separated by single spaces, `-` for an absent value; a line feed; the values, concatenated.

local largestCarried = 16 * 1024
local largestEntry = 64 * 1024
local pairsPerEntry = 100
local carries = {['prediction='] = true, ['metric='] = true}

local function append(field, value)
  call('XADD', changes, '*', field, value)
end

-- Appends a list of {field, value, field, value, …}, as many to an entry as it may hold. Neighbours that carry records of one
-- kind become one value: a pair costs every reader more than a record does.
local function appendAll(list)
  local entry, size, bytes = {'XADD', changes, '*'}, 3, 0
  local joined = {}
  local function close()
    if joined[1] then entry[size] = table.concat(joined) end
    joined = {}
  end
  for i = 1, #list, 2 do
    local field, value = list[i], list[i + 1]
    local length = #field + #value
    if size > 3 and (size == 3 + 2 * pairsPerEntry or bytes + length > largestEntry) then
      close()
      call(unpack(entry, 1, size))
      size, bytes = 3, 0
    end
    bytes = bytes + length
    if joined[1] and size > 3 and field == entry[size - 1] then
      joined[#joined + 1] = value
    else
      close()
      entry[size + 1], entry[size + 2] = field, value
      size = size + 2
      if carries[field] then joined[1] = value end
    end
  end
  close()
  call(unpack(entry, 1, size))
end

-- More values than this at once do not fit on Lua's stack.
local callWidth = 2000

-- call(command, key, list[1], list[2], …), in several calls if the list is long. Returns the sum of the answers.
local function callWithList(command, key, list)
  local sum = 0
  for from = 1, #list, callWidth do
    sum = sum + call(command, key, unpack(list, from, math.min(from + callWidth - 1, #list)))
  end
  return sum
end
