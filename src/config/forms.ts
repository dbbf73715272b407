import { z } from 'zod';

/** What the text of a setting may be, and what becomes of it. */

export const anyText = z.string();
/** @param more said behind the values when it is none of them */
export const choice = <const T extends readonly [string, ...string[]]>(values: T, more = '') =>
  z
    .string()
    .transform((value) => value.toLowerCase())
    .pipe(z.enum(values, { error: `must be one of ${values.join(', ')}${more}` }));
export const whole = (low: number, high: number) =>
  z
    .string()
    .regex(/^\d{1,10}$/, `must be a whole number from ${low} to ${high}`)
    .transform(Number)
    .refine((value) => value >= low && value <= high, `must be a whole number from ${low} to ${high}`);
/** setTimeout holds 2^31 ms: a longer interval would fire at once. */
export const seconds = z
  .string()
  .regex(/^\d{1,7}(\.\d+)?$/, 'must be a number of seconds, for example 120')
  .transform(Number)
  .refine((value) => value >= 1 && value <= 2_000_000, 'must be from 1 to 2000000 seconds');
export const MB = 1024 ** 2;
const unit = { '': 1, KB: 1024, MB, GB: 1024 ** 3 };
export const bytes = z.string().transform((value, context) => {
  const [, count, suffix] = /^(\d{1,9})(|KB|MB|GB)$/i.exec(value.trim()) ?? [];
  const factor = Object.entries(unit).find(([name]) => name === suffix?.toUpperCase())?.[1];
  if (factor !== undefined) return Number(count) * factor;
  context.addIssue({ code: 'custom', message: 'must be a size such as 20MB (B, KB, MB or GB), or 0' });
  return z.NEVER;
});
export const toggle = choice(['on', 'off', 'true', 'false', '1', '0', 'yes', 'no']).transform((value) =>
  ['on', 'true', '1', 'yes'].includes(value),
);
/** Printable ASCII: it travels in a header. */
export const secretToken = z
  .string()
  .regex(
    /^[\x21-\x7e]{16,200}$/,
    'must have 16 to 200 characters, without spaces: `openssl rand -hex 24` makes a good one',
  );
export const hostNames = z
  .string()
  .transform((value) => value.split(',').map((name) => name.trim().toLowerCase()))
  .transform((names) => names.filter((name) => name !== ''))
  .refine(
    (names) => names.every((name) => /^[\w.-]+$/.test(name)),
    'must be names without port, comma between them',
  );
/** A setting with a parser of its own, which returns a string to say what is wrong. */
export const parsedBy = <T extends object>(parse: (value: string) => T | string) =>
  z.string().transform((value, context) => {
    const parsed = parse(value);
    if (typeof parsed !== 'string') return parsed;
    context.addIssue({ code: 'custom', message: parsed });
    return z.NEVER;
  });
