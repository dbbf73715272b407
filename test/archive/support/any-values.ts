import fc from 'fast-check';

/** What has bitten somebody, somewhere. */
const notorious = [
  ...[
    '',
    ' ',
    '\\.',
    '\\N',
    '\\',
    '\\\\',
    'C:\\new',
    '\\x41',
    '\t',
    '\n',
    '\r\n',
    '\v\f\b',
    '\u001b[31m',
    '\u007f',
  ],
  ...[
    'NULL',
    'null',
    'None',
    "'",
    '"',
    '$1',
    '{}',
    '{"a": 1}',
    '--',
    ';',
    '%s',
    ':',
    'a:b',
    '(1,2)',
    ',',
    '\ufeffBOM',
  ],
  ...[
    'مدل فارسی',
    'می‌خواهم',
    '😀',
    '👨‍👩‍👧',
    'e\u0301',
    '\u00e9',
    '\u2028',
    '\uffff',
    '\u{10ffff}',
    '__proto__',
  ],
];

/** Any text Postgres can hold: all of Unicode but NUL and halves of surrogate pairs. */
export const anyText = fc.oneof(
  fc.constantFrom(...notorious),
  fc.array(fc.constantFrom(...notorious), { maxLength: 5 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll('\0', '')),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
);

const offsets = [undefined, undefined, 'Z', '+03:30', '-0800', '+00', '-00:00', '+14:00', '-1130', '+05:45'];
const minutesOf = (zone: string | undefined): number => {
  const [, sign, hours, minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone ?? '') ?? [];
  return sign === undefined ? 0 : (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
};

export interface WrittenTime {
  /** As an application writes it. */
  readonly written: string;
  /** `YYYY-MM-DD HH:MM:SS.ffffff` */
  readonly utc: string;
}

/** A moment, naive or in a zone, with as much of a fraction as it needs or more. */
export const anyTime: fc.Arbitrary<WrittenTime> = fc
  .record({
    second: fc.oneof(
      fc.integer({ min: Date.UTC(2020) / 1_000, max: Date.UTC(2030) / 1_000 }),
      fc.integer({ min: -62_100_000_000, max: Date.UTC(9_999) / 1_000 }),
    ),
    micros: fc.oneof(fc.constantFrom(0, 1, 500_000, 999_999), fc.integer({ min: 0, max: 999_999 })),
    zone: fc.constantFrom(...offsets),
    separator: fc.constantFrom('T', 'T', ' '),
  })
  .map(({ second, micros, zone, separator }) => {
    const text = (seconds: number) => new Date(seconds * 1_000).toISOString().slice(0, 19);
    const six = String(micros).padStart(6, '0');
    const fraction = micros === 0 ? '' : `.${zone === 'Z' ? six.replace(/0+$/, '') : six}`;
    const local = text(second + minutesOf(zone) * 60).replace('T', separator);
    return { written: `${local}${fraction}${zone ?? ''}`, utc: `${text(second).replace('T', ' ')}.${six}` };
  });

/** A string as json.dumps writes it, with ensure_ascii or without. */
export function pythonString(text: string, ascii: boolean): string {
  const json = JSON.stringify(text);
  if (!ascii) return json;
  return json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
