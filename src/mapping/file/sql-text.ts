import { type Reader, text } from './readers';

/** Space and comments, which may stand before a SELECT. */
const before = String.raw`(?:\s|--[^\n]*\n|/\*(?:(?!\*/)[^])*\*/)*`;
const beginning = new RegExp(`^${before}(?:SELECT|WITH)\\b`, 'i');

/** Whether a text is meant as a SELECT, and not as the name of a column. */
export const looksLikeSelect = (written: string): boolean => beginning.test(written);

/** A SELECT over the relation `keys`, without a semicolon at its end; whether SQLite takes it, the file alone cannot tell. */
export const select: Reader<string> = (value) => {
  const written = text(value);
  if (written === null) return null;
  const sql = written.trim().replace(/(\s*;)+$/, '');
  if (!looksLikeSelect(sql)) return value.refuse('must begin with SELECT or WITH');
  return /\bkeys\b/i.test(sql)
    ? sql
    : value.refuse(
        'does not mention keys, the relation that says which keys are asked for: `WHERE id IN keys`',
      );
};

/** An SQL expression. */
export const expression: Reader<string> = (value) => text(value)?.trim() ?? null;
