/** What a field of records holds, told by some of its values. */
export type FieldType = 'text' | 'int' | 'float' | 'bool' | 'json' | 'time' | 'uuid';

const isJson = (value: string): boolean => {
  if (!/^\s*[[{]/.test(value)) return false;
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
};

/** The narrower ones first. A number with a zero before it, such as of a telephone, is a text. */
const tests: readonly (readonly [FieldType, (value: string) => boolean])[] = [
  ['int', (value) => /^(?:0|-?[1-9]\d{0,17})$/.test(value)],
  [
    'float',
    (value) =>
      /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d{1,3})?$/i.test(value) && Number.isFinite(Number(value)),
  ],
  ['bool', (value) => /^(?:true|false)$/i.test(value)],
  ['uuid', (value) => /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(value)],
  [
    'time',
    (value) =>
      /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,12})?)?(?:Z|[+-]\d\d:?(?:\d\d)?)?$/i.test(
        value,
      ),
  ],
  ['json', isJson],
];

/** The narrowest type that all of the values have; an empty one tells nothing. Pure. */
export function typeOf(values: readonly string[]): FieldType {
  const telling = values.filter((value) => value !== '');
  const found = telling.length === 0 ? undefined : tests.find(([, fits]) => telling.every(fits));
  return found?.[0] ?? 'text';
}
