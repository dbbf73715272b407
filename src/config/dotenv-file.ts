import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'dotenv';
import { describeError, fatal } from '../foundation/errors';
import { readTextFile } from '../foundation/text-file';

/** Words before an assignment in the shells from which such lines are copied: PowerShell, cmd, and the Bourne shell. */
const shells = /^\s*(?:\$env:|set\s+|export\s+)/i;
const assignment = /^\s*([\w.-]+)(?:\s*=|:\s)\s*/;

/**
 * Reads `.env` as dotenv does, and also lines that people copy from their shells. dotenv ignores lines that it does not understand, so
 * that the daemon might use other databases than were meant: here they are refused by their numbers, without quoting them.
 * @returns undefined if there is no such file @throws E_CONFIG (fatal)
 */
export function readDotenv(directory: string): Readonly<Record<string, string>> | undefined {
  const file = resolve(directory, '.env');
  if (!existsSync(file)) return undefined;
  const problems: string[] = [];
  let values: Readonly<Record<string, string>> = {};
  try {
    values = valuesIn(readTextFile(file), (line, why) => problems.push(`line ${line} ${why}`));
  } catch (error) {
    problems.push(`it cannot be read: ${describeError(error).message}`);
  }
  if (problems.length === 0) return values;
  throw fatal(
    `${file} has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n  - ${problems.join('\n  - ')}`,
    {
      code: 'E_CONFIG',
      hint: 'Each line is NAME=value, a comment (#) or empty; a value with # or spaces around it stands in quotes.',
    },
  );
}

function valuesIn(
  text: string,
  refuse: (line: number, why: string) => void,
): Readonly<Record<string, string>> {
  const lines = text.split(/\r\n|\n|\r/);
  const values: Record<string, string> = {};
  const setIn = new Map<string, number>();
  for (let at = 0; at < lines.length; at++) {
    const number = at + 1;
    let line = (lines[at] ?? '').replace(shells, '');
    if (/^\s*(#|$)/.test(lines[at] ?? '')) continue;
    // In cmd quotes around the whole show where the value ends: set "NAME=value"
    line = line.replace(/^\s*"([\w.-]+=[^"]*)"\s*$/, '$1');
    const [start, name] = assignment.exec(line) ?? [];
    if (start === undefined || name === undefined) {
      refuse(number, 'is not understood');
      continue;
    }
    const quote = /^["'`]/.exec(line.slice(start.length))?.[0];
    if (quote === undefined) {
      if (/[^\s#]#/.test(line.slice(start.length))) {
        refuse(number, `(${name}) has a # in a value without quotes, which would end it: put it into quotes`);
        continue;
      }
    } else {
      const value = new RegExp(`^${quote}(?:\\\\${quote}|[^${quote}])*${quote}`);
      while (!value.test(line.slice(start.length)) && at + 1 < lines.length) line += `\n${lines[++at] ?? ''}`;
      const quoted = value.exec(line.slice(start.length))?.[0];
      if (quoted === undefined) {
        refuse(number, `(${name}) begins with a quotation mark that is not closed`);
        continue;
      }
      if (!/^\s*(#.*)?$/s.test(line.slice(start.length + quoted.length))) {
        refuse(number, `(${name}) has something after the closing quotation mark`);
        continue;
      }
    }
    const value = parse(line)[name] ?? '';
    const before = setIn.get(name);
    if (before !== undefined && values[name] !== value)
      refuse(number, `sets ${name} to something else than line ${before}: keep one of them`);
    setIn.set(name, number);
    values[name] = value;
  }
  return values;
}
