-- Plain writes of any key, that are told in the same step: no record of a mapping of the user's own can be missed, whether or not somebody
-- listens. Which mapping a key belongs to only the daemon knows: the entry names the whole key.
--   KEYS    the keys that are written, after millrace:changes or without it

-- A longer key is nobody's record (see key.ts).
local mostKeyBytes = 16 * 1024

-- The keys to write, without the stream.
local function writtenKeys(keys, usage)
  local first = keys[1] == changes and 2 or 1
  if not keys[first] then refuse('no key is given: %s', usage) end
  local written = {}
  for i = first, #keys do
    local key = keys[i]
    if find(key, '^millrace:') then refuse('%s is a key of Millrace itself, which is no record', shown(key)) end
    if #key > mostKeyBytes then refuse('the key %s has %d bytes: no record has one of more than %d', shown(key), #key, mostKeyBytes) end
    written[#written + 1] = key
  end
  return written
end

local function oneKey(keys, usage)
  local written = writtenKeys(keys, usage)
  if written[2] then refuse('one key is written, not %d: %s', #written, usage) end
  return written[1]
end

local hsetUsage = 'FCALL millrace_hset 1 key field value [field value ...]'
local setUsage = 'FCALL millrace_set 1 key value'
local writeUsage = 'FCALL millrace_write 1 key COMMAND [argument ...], such as HDEL, SADD, ZADD, RPUSH'
local delUsage = 'FCALL millrace_del N key [key ...]'

-- HSET key field value …
--   KEYS    key
--   ARGV    pairs of field and value
-- Returns how many fields are new, as HSET does.
register('millrace_hset', function(keys, args)
  local key = oneKey(keys, hsetUsage)
  if not args[1] then refuse('nothing to write: %s', hsetUsage) end
  if #args % 2 == 1 then refuse('%s has no value: fields and values come in pairs', shown(args[#args])) end
  mustBe('hash', key)
  append(':key', key)
  return callWithList('HSET', key, args)
end)

-- SET key value, whatever the key held before; a lifetime it had ends.
--   KEYS    key
--   ARGV    the value: a text, or a JSON object
-- Returns OK, as SET does.
register('millrace_set', function(keys, args)
  local key = oneKey(keys, setUsage)
  if #args ~= 1 then refuse('the arguments must be one value, not %d: %s', #args, setUsage) end
  append(':key', key)
  return call('SET', key, args[1])
end)

-- DEL key …
--   KEYS    keys
--   ARGV    none
-- Returns how many of them there were, as DEL does. Of a key that is not there nothing is told: if it has expired, its row stays.
register('millrace_del', function(keys, args)
  local written = writtenKeys(keys, delUsage)
  if args[1] then refuse('%s is no key: N says how many keys follow: %s', shown(args[1]), delUsage) end
  local told, there = {}, {}
  for _, key in ipairs(written) do
    if not there[key] and call('EXISTS', key) == 1 then
      there[key] = true
      told[#told + 1] = ':key-'
      told[#told + 1] = key
    end
  end
  if not told[1] then return 0 end
  appendAll(told)
  for key in pairs(there) do call('UNLINK', key) end
  return #told / 2
end, evenWhenFull)

local function setOf(words)
  local set = {}
  for word in words:gmatch('%S+') do set[word] = true end
  return set
end

-- Commands that write their first key and no other. Those that take something away are told apart: what they take may be a record.
local puts = setOf([[
  HSET HSETNX HMSET HINCRBY HINCRBYFLOAT SET SETNX SETEX PSETEX SETRANGE APPEND GETSET INCR INCRBY INCRBYFLOAT DECR DECRBY
  SADD ZADD ZINCRBY RPUSH LPUSH RPUSHX LPUSHX LINSERT LSET]])
local takes = setOf([[
  HDEL SREM SPOP ZREM ZPOPMIN ZPOPMAX ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREMRANGEBYLEX LREM LTRIM LPOP RPOP GETDEL]])

-- Whether a command of these has taken anything, by its reply.
local function tookAway(reply)
  if type(reply) == 'table' then return reply.ok ~= nil or reply[1] ~= nil end
  return reply and reply ~= 0
end

-- Any other command that writes one key.
--   KEYS    key
--   ARGV    the command; what it has after the key
-- Returns what the command does. Tells before it writes that the key changes; what was taken away it can only tell afterwards.
register('millrace_write', function(keys, args)
  local key = oneKey(keys, writeUsage)
  local command = (args[1] or ''):upper()
  if not puts[command] and not takes[command] then
    refuse('%s is none of the commands that write one key and are told here: %s', shown(args[1] or ''), writeUsage)
  end
  if #args > callWidth then refuse('%s has %d arguments, more than %d: give them in several calls', command, #args, callWidth) end
  local there = call('EXISTS', key) == 1
  append(':key', key)
  local reply = call(command, key, unpack(args, 2))
  if there and call('EXISTS', key) == 0 then
    append(':key-', key)
  elseif takes[command] and tookAway(reply) then
    append(':part-', key)
  end
  return reply
end)
