-- Begins the stream anew when something else than a stream is under its key, or when its last id is so far ahead of Redis' clock that
-- ids no longer tell the time, or that XADD * has no higher id left; then its entries are moved into the new stream. Does one step, and is
-- called until nothing is left to do.
--   KEYS[1]      the stream
--   KEYS[2]      the incarnation of the archive: without it whoever owns the archive begins a new one, with a full pass
--   KEYS[3..]    where it sets aside what was under the stream's key: a stream until its entries are moved, anything else until somebody takes it
--   ARGV[1]      how many milliseconds ahead are too many
--   ARGV[2]      entries moved in one step
--   ARGV[3]      bytes that a stream may take if its entries are to be read here, which takes three times their size
--   ARGV[4..]    streams that were looked through already, and may take more
-- Returns {why something was set aside: a last id, a type or '' for nothing; under which key; whether there is more to do (1); which
-- stream takes more bytes than ARGV[3], or ''}. Such a stream was not read: its large entries have to be replaced before the next step.
-- A kill between two steps leaves entries waiting under KEYS[3..], for whoever calls next. Entries that were applied before are applied
-- again, which changes nothing.
local now = redis.call('TIME')[1] * 1000
local why, aside = '', ''

local function heavy(key, samples)
  for i = 4, #ARGV do
    if ARGV[i] == key then return false end
  end
  local memory = redis.pcall('MEMORY', 'USAGE', key, 'SAMPLES', samples)
  return type(memory) == 'number' and memory > tonumber(ARGV[3])
end

local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'stream' then
  -- XINFO reads the first and the last entry, whatever their size.
  if heavy(KEYS[1], 1) then return {'', '', 1, KEYS[1]} end
  local info = redis.call('XINFO', 'STREAM', KEYS[1])
  local last = ''
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then last = info[i + 1] end
  end
  if tonumber(string.match(last, '^%d+')) > now + ARGV[1] then why = last end
elseif kind ~= 'none' then
  why = kind
end
if why ~= '' then
  for i = #KEYS, 3, -1 do
    if redis.call('TYPE', KEYS[i]).ok == 'none' then aside = KEYS[i] end
  end
  if aside == '' then return redis.error_reply('ERR no key is left to set aside what is under ' .. KEYS[1]) end
  redis.call('RENAME', KEYS[1], aside)
  redis.call('UNLINK', KEYS[2])
end

for i = 3, #KEYS do
  if redis.call('TYPE', KEYS[i]).ok == 'stream' then
    if heavy(KEYS[i], 0) then return {why, aside, 1, KEYS[i]} end
    local most = tonumber(ARGV[2])
    local entries = redis.call('XRANGE', KEYS[i], '-', '+', 'COUNT', most)
    for at = 1, #entries do
      local fields = entries[at][2]
      -- The pairs of an entry do not depend on each other, so it may be cut: unpack takes a limited number of values.
      for from = 1, #fields, 2000 do
        redis.call('XADD', KEYS[1], '*', unpack(fields, from, math.min(from + 1999, #fields)))
      end
    end
    -- XDEL by id, not XTRIM, which would look at the entry after these, of whatever size.
    for at = 1, #entries do redis.call('XDEL', KEYS[i], entries[at][1]) end
    if redis.call('XLEN', KEYS[i]) == 0 then redis.call('UNLINK', KEYS[i]) end
    return {why, aside, 1, ''}
  end
end
return {why, aside, 0, ''}
