import type { Column } from '../../mapping/kinds';
import { pythonJson } from '../../writer/python';
import { md5 } from '../record/row';
import { asPythonTime, pythonFloat, Unlike } from './python-form';

/** A column's value as Postgres prints it, times in UTC, as something of a JSON object; null: it cannot be written in this way. */
type Render = (text: string) => string | null;

const jsonName: Readonly<Record<string, string>> = { nan: 'NaN', inf: 'Infinity', '-inf': '-Infinity' };

/** Ways to write a float: as Python prints it; as the integer that it may have been; as JavaScript prints it. */
const floats: readonly Render[] = [
  (text) => jsonName[pythonFloat(text)] ?? pythonFloat(text),
  (text) => (Number.isInteger(Number(text)) ? String(BigInt(Number(text))) : null),
  (text) => (Number.isFinite(Number(text)) ? String(Number(text)) : null),
];

const micros = (time: string): string => time.slice(20).padEnd(6, '0');
const second = (time: string): string => time.slice(0, 19);

/** Ways to write a time: Python's isoformat, naive or in UTC; always with a fraction; as JavaScript writes it; with a space. */
const times: readonly ((time: string) => string)[] = [
  (time) => time,
  (time) => `${time}Z`,
  (time) => `${time}+00:00`,
  (time) => `${second(time)}.${micros(time)}`,
  (time) => `${second(time)}.${micros(time).slice(0, 3)}Z`,
  (time) => time.replace('T', ' '),
];

/** Ways to write a string: json.dumps; json.dumps with ensure_ascii=False. */
const strings: readonly ((text: string) => string)[] = [pythonJson, JSON.stringify];

interface Form {
  readonly float: Render;
  readonly time: (time: string) => string;
  readonly string: (text: string) => string;
  readonly compact: boolean;
  /** Whether a field without a value is left out, and not null. */
  readonly sparse: boolean;
}

/** All forms, the likeliest first: the one that the Python programs and the function library write. */
const forms: readonly Form[] = [false, true].flatMap((sparse) =>
  [false, true].flatMap((compact) =>
    strings.flatMap((string) =>
      times.flatMap((time) => floats.map((float) => ({ float, time, string, compact, sparse }))),
    ),
  ),
);

function valueIn({ decoder, column }: Column, text: string, { float, time, string }: Form): string | null {
  switch (decoder) {
    case 'integer':
      return text;
    case 'float':
      return float(text);
    case 'time':
      return string(time(asPythonTime(text)));
    case 'text':
      return string(text);
    case 'json':
    case 'bool':
    case 'uuid':
    case 'bytes':
      throw new Unlike(`${column} is of a type that is not put back`);
  }
}

/** The fields come in the order of the columns. */
function render(columns: readonly Column[], values: readonly (string | null)[], form: Form): string {
  const fields = columns.map((column, index) => {
    const text = values[index] ?? null;
    return [column.field, text === null ? null : valueIn(column, text, form)] as const;
  });
  const [comma, colon] = form.compact ? [',', ':'] : [', ', ': '];
  const given = form.sparse ? fields.filter(([, one]) => one !== null) : fields;
  return `{${given.map(([name, one]) => `${JSON.stringify(name)}${colon}${one ?? 'null'}`).join(comma)}}`;
}

/**
 * Finds the members of sorted sets again, from their columns in Postgres. A member's identity is the md5 of its bytes: with other bytes it
 * would come back as a new record. So every way in which writers are known to write a member is tried.
 */
export class MemberForms {
  /** The form that fitted last is tried first: a writer always uses the same. */
  #last: Form | undefined = forms[0];

  /**
   * @param values in the order of the columns @returns the member; undefined when no form has this md5
   * @throws Unlike
   */
  member(
    columns: readonly Column[],
    values: readonly (string | null)[],
    redisKey: string,
  ): string | undefined {
    const digest = redisKey.replaceAll('-', '');
    if (this.#last !== undefined) {
      const member = render(columns, values, this.#last);
      if (md5(member) === digest) return member;
    }
    for (const form of forms) {
      const member = render(columns, values, form);
      if (md5(member) !== digest) continue;
      this.#last = form;
      return member;
    }
    return undefined;
  }
}
