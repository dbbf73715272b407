-- Reads entries of streams of the user's own from where they were left, and says whether they go on there: all of one moment. Reads only.
-- Behind packed-entry.lua.
--
-- KEYS  the streams
-- ARGV  behind `rest`:
--       1 most bytes to read: reading stops after the entry that reaches it, and the caller asks for the rest
--       2 most entries (0: none is returned, only whether there are any)
--       then, for each stream: the id of the last entry read ('': none); its witness; how many entries the stream had been given up to it ('':
--       nobody knows)
-- Result: for each stream read, in the order of KEYS; what is left out was not looked at
--       nil     no such key
--       type    the key holds another type than a stream
--       {anew, length, before, added, last, witness, count, bytes, more, packed, (id, bytes)…}
--         anew     1: the stream is not the one that was left, and is read from its beginning
--         length   how many entries it has
--         before   1: it has entries that are no younger than where reading begins
--         added    how many entries it was ever given; nil: Redis does not say
--         last     the last entry looked at, and its witness; '': none was
--         count    how many were looked at, and their bytes, fields that are not wanted included
--         more     1: there are more
--         packed   the entries, one after another
--         id, bytes  of each entry that is too large
local budget, most = tonumber(ARGV[rest + 1]), tonumber(ARGV[rest + 2])
local taken = 0

local function witness_of(fields)
  local parts = {}
  for i = 1, #fields do parts[i] = #fields[i] .. ' ' .. sub(fields[i], 1, 1024) end
  return redis.sha1hex(concat(parts, '\n'))
end

-- As text that sorts as ids do: their halves may be larger than Lua's numbers.
local function sortable(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return string.rep('0', 20 - #ms) .. ms .. string.rep('0', 20 - #seq) .. seq
end

local function facts_of(key)
  local info, facts = call('XINFO', 'STREAM', key), {}
  for i = 1, #info, 2 do facts[info[i]] = info[i + 1] end
  return facts
end

-- Whether the stream still is the one whose entry `last` was read. That entry may have been trimmed; but then nothing after it has an id that
-- is lower, and nothing given to the stream was taken back.
local function goes_on(key, facts, last, witness, added)
  local there = call('XRANGE', key, last, last)[1]
  if there then return witness_of(there[2]) == witness end
  if sortable(facts['last-generated-id']) < sortable(last) then return false end
  local before, now = tonumber(added), facts['entries-added']
  return not (before and now and now < before)
end

-- Behind the largest id there is none, and Redis refuses to be asked for it.
local largest_id = '18446744073709551615-18446744073709551615'
local function after(key, id, count)
  if id == largest_id then return {} end
  return call('XRANGE', key, '(' .. id, '+', 'COUNT', count)
end

local function read(key, last, witness, added)
  local kind = call('TYPE', key).ok
  if kind == 'none' then return false end
  if kind ~= 'stream' then return kind end
  local facts = facts_of(key)
  local anew = last ~= '' and not goes_on(key, facts, last, witness, added)
  local from = (last == '' or anew) and '0-0' or last
  local first = facts['first-entry'] and facts['first-entry'][1]
  local before = first and sortable(first) <= sortable(from)
  local records, heavy, count, step, more, final, begun = {}, {}, 0, 1, false, nil, budget
  while most > 0 and taken < most and budget > 0 do
    local asked = math.min(step, most - taken)
    local entries = after(key, from, asked)
    local largest = 1024
    for _, entry in ipairs(entries) do
      local id, fields = entry[1], entry[2] or {}
      local weight = 0
      for i = 1, #fields do weight = weight + #fields[i] end
      if weight > largest then largest = weight end
      local packed = packed_of(id, fields)
      if type(packed) == 'number' then
        heavy[#heavy + 1] = id
        heavy[#heavy + 1] = packed
      else
        records[#records + 1] = packed
      end
      budget = budget - weight
      count, taken, from, final = count + 1, taken + 1, id, entry
    end
    more = #entries == asked
    if not more then break end
    -- Redis does not tell how large an entry is before it is read: many are read at once only if the last ones were small.
    step = math.max(1, math.min(step * 10, math.floor(1048576 / largest)))
  end
  -- What is left may be nothing.
  if more or most == 0 then
    more = #after(key, from, 1) > 0
  end
  return {
    anew and 1 or 0, facts['length'], before and 1 or 0, facts['entries-added'] or false,
    final and final[1] or '', final and witness_of(final[2] or {}) or '', count, begun - budget,
    more and 1 or 0, concat(records), unpack(heavy)
  }
end

local results = {}
for at, key in ipairs(KEYS) do
  local argument = rest + 2 + 3 * (at - 1)
  results[at] = read(key, ARGV[argument + 1], ARGV[argument + 2], ARGV[argument + 3])
  if budget <= 0 or (most > 0 and taken >= most) then break end
end
return results
