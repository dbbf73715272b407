/**
 * Values as Python prints them: what the other writers of these keys leave, so that nobody can tell who wrote a record.
 */

/** `repr` of a number: whole ones without a fraction (JavaScript cannot tell 1.0 from 1), 1e-05, nan, inf. */
export function pythonNumber(value: number | bigint): string {
  if (typeof value === 'bigint') return value.toString();
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0.0' : String(value);
  const [mantissa = '', exponentText = '0'] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  const sign = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '');
  // repr's rule: with an exponent, of at least two digits, below 1e-4 and from 1e16.
  if (exponent < -4 || exponent >= 16) {
    const power = String(Math.abs(exponent)).padStart(2, '0');
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${power}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return `${sign}${digits.padEnd(exponent + 1, '0')}.0`;
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

/** `str` of a value, for hyperparameters: True, None, 1e-05; lists and objects as JSON. Text stays as it is. */
export function pythonText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return pythonNumber(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (value === null || value === undefined) return 'None';
  return pythonJson(value);
}

const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

const escape = (unit: string): string =>
  shortEscapes[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Without the `u` flag: UTF-16 unit by unit, as Python writes surrogate pairs. */
const jsonString = (text: string): string => `"${text.replace(/["\\]|[^ -~]/g, escape)}"`;

const jsonNumber = (value: number | bigint): string => {
  const text = pythonNumber(value);
  return text === 'nan' ? 'NaN' : text.replace('inf', 'Infinity');
};

/** `json.dumps` of a value: `", "` and `": "`, \uXXXX, NaN and Infinity. What JSON.stringify leaves out is left out. */
export function pythonJson(value: unknown): string {
  return render(value) ?? 'null';
}

function render(value: unknown): string | undefined {
  if (typeof value === 'string') return jsonString(value);
  if (typeof value === 'number' || typeof value === 'bigint') return jsonNumber(value);
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'object' ? renderObject(value) : undefined;
}

const hasToJson = (value: object): value is { toJSON: () => unknown } =>
  'toJSON' in value && typeof value.toJSON === 'function';

function renderObject(value: object | null): string | undefined {
  if (value === null) return 'null';
  if (hasToJson(value)) return render(value.toJSON());
  if (Array.isArray(value)) return `[${value.map((item) => render(item) ?? 'null').join(', ')}]`;
  const members: string[] = [];
  for (const [key, item] of Object.entries(value)) {
    const text = render(item);
    if (text !== undefined) members.push(`${jsonString(key)}: ${text}`);
  }
  return `{${members.join(', ')}}`;
}

/** `datetime.isoformat()` of a naive UTC time: microseconds, or no fraction when zero. */
export const pythonTime = (time: Date): string =>
  time
    .toISOString()
    .slice(0, -1)
    .replace(/\.000$/, '')
    .replace(/\.(\d{3})$/, '.$1000');
