import type { Column } from '../../../mapping/kinds';
import { asPythonTime, Unlike } from '../python-form';

/** The text of a column of the user's own as a field of a hash has it: the inverse of decode.ts. @throws Unlike */
export function asField({ decoder }: Column, text: string): Buffer {
  switch (decoder) {
    case 'bytes':
      return Buffer.from(text.slice(2), 'hex'); // \x…
    case 'bool':
      return Buffer.from(isTrue(text) ? 'true' : 'false');
    case 'time':
      return Buffer.from(asTime(text));
    case 'integer':
      return Buffer.from(asWhole(text));
    case 'text':
    case 'json':
    case 'float':
    case 'uuid':
      return Buffer.from(text);
  }
}

/** The same as a member of a JSON object has it. @throws Unlike */
export function asJson(column: Column, text: string): string {
  switch (column.decoder) {
    case 'bool':
      return isTrue(text) ? 'true' : 'false';
    case 'integer':
      return asWhole(text);
    case 'float':
      return /^-?\d/.test(text) ? text : JSON.stringify(text); // NaN and Infinity are no numbers of JSON
    case 'json':
      return text;
    case 'time':
      return JSON.stringify(asTime(text));
    case 'bytes':
      return JSON.stringify(asField(column, text).toString('utf8'));
    case 'text':
    case 'uuid':
      return JSON.stringify(text);
  }
}

/** As Postgres prints it, or casts it to text. */
const isTrue = (text: string): boolean => text === 't' || text === 'true';

/** A numeric column may have decimals. */
const asWhole = (text: string): string => text.replace(/\.0+$/, '');

/** With its zone, UTC, so that nobody takes it for the time of another place. */
const asTime = (text: string): string => `${asPythonTime(text)}Z`;

/** @throws Unlike for what is no JSON: the column may be of text */
export function requireJson(text: string, column: string): void {
  try {
    JSON.parse(text);
  } catch {
    throw new Unlike(`${column} holds no JSON`);
  }
}
