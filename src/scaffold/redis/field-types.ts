import { decode } from '../../archive/record/decode';
import type { RecordType } from '../../mapping/record-forms';

const isJson = (value: string): boolean => {
  if (!/^\s*[[{]/.test(value)) return false;
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
};

/** A whole number as numbers are written, that a column has room for. One with a zero before it, such as of a telephone, is a text. */
export const isWhole = (value: string): boolean =>
  /^(?:0|-?[1-9]\d{0,18})$/.test(value) && BigInt.asIntN(64, BigInt(value)) === BigInt(value);

const isUuid = (value: string): boolean =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(value);

/** Bytes that no text of Postgres can have: not UTF-8, which has come as U+FFFD, or NUL. */
export const isBinary = (value: string): boolean => /[\ufffd\0]/.test(value);

function isTime(value: string): boolean {
  try {
    return decode({ decoder: 'time', column: '' }, Buffer.from(value)) !== null;
  } catch {
    return false;
  }
}

/** The narrower ones first. */
const tests: readonly (readonly [RecordType, (value: string) => boolean])[] = [
  ['int', isWhole],
  [
    'float',
    (value) =>
      /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d{1,3})?$/i.test(value) && Number.isFinite(Number(value)),
  ],
  ['bool', (value) => /^(?:true|false)$/i.test(value)],
  ['uuid', isUuid],
  ['time', isTime],
  ['json', isJson],
];

/** The narrowest type that all of the values have; an empty one tells nothing. Pure. */
export function typeOf(values: readonly string[]): RecordType {
  if (values.some(isBinary)) return 'bytes';
  const telling = values.filter((value) => value !== '');
  const found = telling.length === 0 ? undefined : tests.find(([, fits]) => telling.every(fits));
  return found?.[0] ?? 'text';
}

/** The same of what tells records apart, of which one spelling alone is taken. Pure. */
export function identityTypeOf(values: readonly string[]): RecordType {
  if (values.some(isBinary)) return 'bytes';
  if (values.length === 0 || values.includes('')) return 'text';
  if (values.every(isWhole)) return 'int';
  return values.every((value) => isUuid(value) && value === value.toLowerCase()) ? 'uuid' : 'text';
}
