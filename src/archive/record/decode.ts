import { isUtf8 } from 'node:buffer';
import { instant } from './instant';
import type { Column } from '../../mapping/kinds';
import { quote, Unfit } from './unfit';

/** Text for a column: bytes as found, or plain ASCII of our own making (times, numbers); null is NULL. */
export type Value = Buffer | string | null;

/** pg sends a Buffer as binary, which only bytea takes. */
export const parameter = (value: Value | undefined): string | null =>
  Buffer.isBuffer(value) ? value.toString('utf8') : (value ?? null);

const zero = /^[+-]?(?:0+\.?0*|\.0+)(?:[eE][+-]?\d+)?$/;
const floating = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?|nan)$/i;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const yes = new Set(['1', 'true', 't', 'yes', 'y', 'on']);
const no = new Set(['0', 'false', 'f', 'no', 'n', 'off']);
const whole = /^[+-]?\d{1,40}$/;

/**
 * Text of a hash field -> text of a column: what means none is NULL, any other '' stays. Values that Postgres would take although nobody
 * meant them (`yesterday`, `1_000`) are refused here.
 * @throws Unfit
 */
export function decode(
  { decoder, column, none }: Pick<Column, 'decoder' | 'column' | 'none'>,
  raw: Buffer | undefined,
): Value {
  if (raw === undefined || (none !== undefined && isNone({ decoder, none }, raw))) return null;
  if (decoder === 'bytes') return Buffer.from(`\\x${raw.toString('hex')}`);
  requireText(column, raw);
  switch (decoder) {
    case 'text':
    case 'json': // not parsed here: Postgres judges it
      return raw;
    case 'integer':
      return matching(whole, column, raw, 'a whole number');
    case 'float':
      return matching(floating, column, raw, 'a number');
    case 'time':
      return `${instant(column, raw)}+00`;
    case 'bool': {
      const text = raw.toString('latin1').toLowerCase();
      if (yes.has(text)) return 'true';
      if (no.has(text)) return 'false';
      throw new Unfit('22P02', column, `${quote(raw)} is neither true nor false`);
    }
    case 'uuid':
      return matching(uuid, column, raw, 'a UUID').toLowerCase();
  }
}

/** Whether a value of a column means that there is none. */
export function isNone({ decoder, none }: Required<Pick<Column, 'decoder' | 'none'>>, raw: Buffer): boolean {
  if (isText(raw, none)) return true;
  if (decoder !== 'float' && decoder !== 'integer') return false;
  return zero.test(none) && zero.test(raw.toString('latin1'));
}

/** Whether a value is a text, byte for byte. It is asked for every field: mostly the lengths tell. */
export const isText = (raw: Buffer | undefined, text: string): boolean =>
  raw !== undefined && raw.length === Buffer.byteLength(text) && raw.equals(Buffer.from(text));

function matching(pattern: RegExp, column: string, raw: Buffer, what: string): string {
  const text = raw.toString('latin1');
  if (!pattern.test(text)) throw new Unfit('22P02', column, `${quote(raw)} is not ${what}`);
  return text;
}

function requireText(column: string, raw: Buffer): void {
  if (raw.includes(0)) throw new Unfit('22021', column, 'holds a NUL byte, which no Postgres text can');
  if (!isUtf8(raw)) throw new Unfit('22021', column, `${quote(raw)} is not UTF-8`);
}
