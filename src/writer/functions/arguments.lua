-- Fields of records as ARGV has them. Values stay the text they are: Lua's numbers would lose digits.
-- Each check is given a field's name and its text, and returns the text to store; '' stands for "none".

local function anyText(_, text)
  return text
end

-- Digits without a sign or leading zeros (they would make another key), as many as Postgres' bigint holds.
local function anId(name, text)
  if not find(text, '^[1-9]%d*$') or #text > 18 then refuse('%s must be an id, a whole number from 1, not %s', name, shown(text)) end
  return text
end

local function idOrNone(name, text)
  if text == '' or text == '0' then return '0' end
  return anId(name, text)
end

local function aCount(name, text)
  if text == '' then return '0' end
  if not find(text, '^%-?%d+$') then refuse('%s must be a whole number, not %s', name, shown(text)) end
  return text
end

-- As Python prints them, and as JSON does.
local notFinite = {
  nan = 'NaN', NaN = 'NaN', inf = 'Infinity', Infinity = 'Infinity', ['-inf'] = '-Infinity', ['-Infinity'] = '-Infinity'
}

local function aNumber(name, text)
  if text == '' then return '0' end
  -- tonumber takes hexadecimal digits and spaces, too.
  if (find(text, '[^%d.eE+-]') or not tonumber(text)) and not notFinite[text] then
    refuse('%s must be a number, not %s', name, shown(text))
  end
  return text
end

-- Passed on unparsed: whatever it holds, the archive says so, and keeps it.
local function someJson(_, text)
  return text == '' and '{}' or text
end

local function timeOrNow(name, text)
  if text == '' then return now() end
  parseTime(name, text)
  return text
end

local function timeOrNone(name, text)
  if text ~= '' then parseTime(name, text) end
  return text
end

-- A kind of record: its columns in the layout's order, each {name, check, default}. Without a default it must be given; a
-- default may be a function of the values before it.
local function defineKind(kind)
  kind.checks = {}
  for i = 1, #kind.columns do kind.checks[kind.columns[i][1]] = kind.columns[i][2] end
  return kind
end

-- ARGV[from..] as pairs of field and value: a table from field to text, checked.
local function readPairs(kind, args, from)
  local checks, values = kind.checks, {}
  for i = from, #args, 2 do
    local field, text = args[i], args[i + 1]
    local check = checks[field]
    if not check then refuse('a %s has no field %s', kind.name, shown(field)) end
    if not text then refuse('%s has no value: fields and values come in pairs', field) end
    if values[field] then refuse('%s is given twice', field) end
    values[field] = check(field, text)
  end
  return values
end

-- The same for a new record: what is not given takes its default.
local function readRecord(kind, args, from)
  local values = readPairs(kind, args, from)
  for _, column in ipairs(kind.columns) do
    local name, default = column[1], column[3]
    if not values[name] then
      if default == nil then refuse('%s is missing', name) end
      if type(default) == 'function' then values[name] = default(values) else values[name] = column[2](name, default) end
    end
  end
  return values
end
