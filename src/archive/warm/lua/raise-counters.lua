-- Raises counters, all of them or, if one holds no number, none. Never lowers one.
--
-- ARGV  1 a key to delete ('' = none): our incarnation, if only the counters show that Redis is in an older state. Without them a
--         daemon that has not looked yet would not notice.
--       then for each counter: key, the least it has to be
-- Result: for each counter what it was and what it is ('' = none); or {key, value} of one that holds no number
local pcall = redis.pcall

-- Compares numbers as text: Lua's own numbers would lose digits.
local function less(a, b)
  if string.sub(a, 1, 1) == '-' then return true end
  if #a ~= #b then return #a < #b end
  return a < b
end

local found = {}
for i = 2, #ARGV, 2 do
  local value = pcall('GET', ARGV[i])
  if type(value) == 'table' then
    if not string.find(value.err, '^WRONGTYPE') then return value end
    return {ARGV[i], 'something else than text'}
  end
  if value and not (string.find(value, '^%-?%d+$') and #value <= 19) then return {ARGV[i], string.sub(value, 1, 40)} end
  found[i] = value or ''
end
local result = {}
for i = 2, #ARGV, 2 do
  local before, wanted = found[i], ARGV[i + 1]
  local after = before
  if wanted ~= '0' and (before == '' or less(before, wanted)) then
    redis.call('SET', ARGV[i], wanted, 'KEEPTTL')
    after = wanted
  end
  result[#result + 1] = {before, after}
end
if ARGV[1] ~= '' then redis.call('UNLINK', ARGV[1]) end
return {result}
