import { pythonJson } from '../../writer/python';
import { md5 } from '../record/row';
import { pythonFloat, asPythonTime } from './python-form';

/** A row of metrics as Postgres prints it; times in UTC. */
export interface StoredPoint {
  readonly epoch: string | null;
  readonly step: string | null;
  readonly name: string;
  readonly value: string | null;
  readonly split: string | null;
  readonly timestamp: string | null;
}

type Render = (point: StoredPoint) => string | null;

const jsonName: Readonly<Record<string, string>> = { nan: 'NaN', inf: 'Infinity', '-inf': '-Infinity' };

/** Ways to write the value: as Python prints a float; as the integer that it may have been; as JavaScript prints it. */
const values: readonly Render[] = [
  ({ value }) => value && (jsonName[pythonFloat(value)] ?? pythonFloat(value)),
  ({ value }) => (value !== null && Number.isInteger(Number(value)) ? String(BigInt(Number(value))) : null),
  ({ value }) => (value !== null && Number.isFinite(Number(value)) ? String(Number(value)) : null),
];

const time: Render = ({ timestamp }) => timestamp && asPythonTime(timestamp);
const micros = (text: string | null): string => (text ?? '').slice(20).padEnd(6, '0');
const second = (text: string | null): string => (text ?? '').slice(0, 19);

/** Ways to write the time: Python's isoformat, naive or in UTC; always with a fraction; with a space; as JavaScript writes it. */
const times: readonly Render[] = [
  time,
  (point) => `${time(point) ?? ''}Z`,
  (point) => `${time(point) ?? ''}+00:00`,
  (point) => `${second(time(point))}.${micros(time(point))}`,
  (point) => `${second(time(point))}.${micros(time(point)).slice(0, 3)}Z`,
  (point) => time(point)?.replace('T', ' ') ?? null,
];

/** Ways to write a string: json.dumps; json.dumps with ensure_ascii=False. */
const strings: readonly ((text: string) => string)[] = [pythonJson, JSON.stringify];

interface Form {
  readonly value: Render;
  readonly time: Render;
  readonly string: (text: string) => string;
  readonly compact: boolean;
  /** Whether a field without a value is left out, and not null. */
  readonly sparse: boolean;
}

/** All forms, the likeliest first: the one that the Python programs and the function library write. */
const forms: readonly Form[] = [false, true].flatMap((sparse) =>
  [false, true].flatMap((compact) =>
    strings.flatMap((string) =>
      times.flatMap((aTime) => values.map((value) => ({ value, time: aTime, string, compact, sparse }))),
    ),
  ),
);

function render(point: StoredPoint, { value, time: printTime, string, compact, sparse }: Form): string {
  const text = (given: string | null) => (given === null ? null : string(given));
  const timestamp = point.timestamp === null ? null : text(printTime(point));
  const fields: readonly (readonly [string, string | null])[] = [
    ['epoch', point.epoch],
    ['step', point.step],
    ['metric_name', text(point.name)],
    ['metric_value', value(point)],
    ['split', text(point.split)],
    ['timestamp', timestamp],
  ];
  const [comma, colon] = compact ? [',', ':'] : [', ', ': '];
  const given = sparse ? fields.filter(([, one]) => one !== null) : fields;
  return `{${given.map(([name, one]) => `"${name}"${colon}${one ?? 'null'}`).join(comma)}}`;
}

/**
 * Finds the members of metrics' sorted sets again, from their columns in Postgres. A point's identity is the md5 of its member's bytes:
 * with other bytes it would come back as a new record. So every way in which writers are known to write a member is tried.
 */
export class MetricForms {
  /** The form that fitted last is tried first: a writer always uses the same. */
  #last: Form | undefined = forms[0];

  /** @returns the member; undefined when no form has this md5. @throws Unlike */
  member(point: StoredPoint, redisKey: string): string | undefined {
    const digest = redisKey.replaceAll('-', '');
    if (this.#last !== undefined) {
      const member = render(point, this.#last);
      if (md5(member) === digest) return member;
    }
    for (const form of forms) {
      const member = render(point, form);
      if (md5(member) !== digest) continue;
      this.#last = form;
      return member;
    }
    return undefined;
  }
}
