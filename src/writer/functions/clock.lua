-- Times as the applications write them: naive UTC, `YYYY-MM-DDTHH:MM:SS.ffffff`, the fraction absent when zero.

-- Days since 1970-01-01 of a Gregorian date, and back (the year is made to begin in March, so that a leap day ends it).
local function daysOf(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  local era = math.floor(year / 400)
  local yearOfEra = year - era * 400
  local dayOfYear = math.floor((153 * (month - 3) + 2) / 5) + day - 1
  return era * 146097 + yearOfEra * 365 + math.floor(yearOfEra / 4) - math.floor(yearOfEra / 100) + dayOfYear - 719468
end

local function dateOf(days)
  days = days + 719468
  local era = math.floor(days / 146097)
  local day = days - era * 146097
  local year = math.floor((day - math.floor(day / 1460) + math.floor(day / 36524) - math.floor(day / 146096)) / 365)
  day = day - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  local month = math.floor((5 * day + 2) / 153)
  day = day - math.floor((153 * month + 2) / 5) + 1
  month = month < 10 and month + 3 or month - 9
  return year + era * 400 + (month <= 2 and 1 or 0), month, day
end

-- The last second that was rendered: many calls fall into one.
local renderedSecond, renderedText

-- The server's time, the same during a whole call: `register` forgets the one of the call before.
local function now()
  if currentTime then return currentTime end
  local time = call('TIME')
  if time[1] ~= renderedSecond then
    local seconds = tonumber(time[1])
    local days = math.floor(seconds / 86400)
    local rest = seconds - days * 86400
    local year, month, day = dateOf(days)
    renderedText = format('%04d-%02d-%02dT%02d:%02d:%02d', year, month, day,
      math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60)
    renderedSecond = time[1]
  end
  local micros = time[2]
  currentTime = micros == '0' and renderedText or renderedText .. '.' .. sub('00000' .. micros, -6)
  return currentTime
end

local monthDays = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

-- Unix seconds of `YYYY-MM-DDTHH:MM:SS` (or with a space for the T); nil if it is none.
local function secondsOf(text)
  local year, month, day, hour, minute, second = match(text, '^(%d%d%d%d)%-(%d%d)%-(%d%d)[T ](%d%d):(%d%d):(%d%d)$')
  if not year then return nil end
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  hour, minute, second = tonumber(hour), tonumber(minute), tonumber(second)
  local leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
  if year == 0 or month < 1 or month > 12 or day < 1 or day > monthDays[month] then return nil end
  if (month == 2 and day == 29 and not leap) or hour > 23 or minute > 59 or second > 59 then return nil end
  return daysOf(year, month, day) * 86400 + hour * 3600 + minute * 60 + second
end

-- Seconds east of UTC of '', `Z`, `+03:30` or `+0330`; nil if it is none.
local function offsetOf(zone)
  if zone == '' or zone == 'Z' then return 0 end
  local sign, hours, minutes = match(zone, '^([+-])(%d%d):?(%d%d)$')
  if not sign or tonumber(hours) > 23 or tonumber(minutes) > 59 then return nil end
  return (sign == '-' and -1 or 1) * (tonumber(hours) * 3600 + tonumber(minutes) * 60)
end

-- The last second that was parsed, likewise.
local parsedText, parsedSeconds

-- A time's whole Unix seconds and its fraction's digits ('' = none); refuses what is no time.
local function parseTime(name, text)
  local prefix = sub(text, 1, 19)
  local seconds = prefix == parsedText and parsedSeconds or secondsOf(prefix)
  local fraction, zone = match(text, '^%.(%d+)(.*)$', 20)
  if not fraction then fraction, zone = '', sub(text, 20) end
  local offset = seconds and #fraction <= 9 and offsetOf(zone)
  if not offset then
    refuse('%s must be a time such as 2026-01-31T12:00:00.123456, not %s', name, shown(text))
  end
  parsedText, parsedSeconds = prefix, seconds
  return seconds - offset, fraction
end

-- The last score: those of a bulk without times are all the same.
local scoredText, scoredScore

-- The score of a prediction: its Unix time below zero, so that the newest comes first. As text, since a number would be
-- rounded on its way to Redis; before 1970 the microseconds are counted, which a double holds exactly.
local function newestFirst(name, text)
  if text == scoredText then return scoredScore end
  local seconds, fraction = parseTime(name, text)
  if seconds > 0 then
    scoredScore = format('-%d.%s', seconds, fraction == '' and '0' or fraction)
  else
    local micros = tonumber(sub(fraction .. '000000', 1, 6))
    scoredScore = format('%.17g', (-seconds * 1000000 - micros) / 1000000)
  end
  scoredText = text
  return scoredScore
end
