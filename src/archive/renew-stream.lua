-- Begins the stream anew when its last id is so far ahead of Redis' clock that ids say nothing of time any more, or that none is left for
-- XADD *; and brings what it held into the new one. One step of that; called until nothing is left to do.
--   KEYS[1]      the stream
--   KEYS[2]      the incarnation of the archive: without it whoever owns the archive begins a new one, with a full pass
--   KEYS[3..]    where streams that were set aside wait, each until its entries are in the new one
--   ARGV[1]      how many milliseconds ahead are too many
--   ARGV[2]      entries moved in one step
-- Returns {the last id of the stream that was set aside or '', whether there is more to do}.
-- A kill between two steps leaves entries waiting under KEYS[3..], for whoever calls next. Entries that were applied before are applied
-- again, which changes nothing.
local now = redis.call('TIME')[1] * 1000
local renewed = ''
local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
if not info.err then
  local last = ''
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then last = info[i + 1] end
  end
  if tonumber(string.match(last, '^%d+')) > now + ARGV[1] then
    local free
    for i = #KEYS, 3, -1 do
      if redis.call('TYPE', KEYS[i]).ok == 'none' then free = KEYS[i] end
    end
    if not free then return redis.error_reply('ERR no key is left to set the stream aside under') end
    redis.call('RENAME', KEYS[1], free)
    redis.call('UNLINK', KEYS[2])
    renewed = last
  end
end

for i = 3, #KEYS do
  if redis.call('TYPE', KEYS[i]).ok == 'stream' then
    local most = tonumber(ARGV[2])
    local entries = redis.call('XRANGE', KEYS[i], '-', '+', 'COUNT', most + 1)
    for at = 1, math.min(#entries, most) do
      local fields = entries[at][2]
      -- Pairs do not depend on each other; and what unpack can take is limited.
      for from = 1, #fields, 2000 do
        redis.call('XADD', KEYS[1], '*', unpack(fields, from, math.min(from + 1999, #fields)))
      end
    end
    if #entries > most then
      redis.call('XTRIM', KEYS[i], 'MINID', entries[most + 1][1])
    else
      redis.call('UNLINK', KEYS[i])
    end
    return {renewed, 1}
  end
end
return {renewed, 0}
