import { Unservable } from './unservable';

/** Quoted texts and names, or a comment. */
const quotedOrComment = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|--.*|\/\*[^]*?\*\//g;

/** SQL without what stands in quotes and comments. */
export const said = (sql: string): string => sql.replace(quotedOrComment, ' ');

const withoutComments = (sql: string): string =>
  sql.replace(quotedOrComment, (part) => (/^(?:--|\/\*)/.test(part) ? ' ' : part));

const chance = /\b(random|randomblob|changes|total_changes|last_insert_rowid)\s*\(/i;
const clock = /\b(current_timestamp|current_date|current_time)\b/i;
/** Functions of time, which tell the present one if they are given none. */
const ofNoTime =
  /\b(date|time|datetime|julianday|unixepoch)\s*\(\s*\)|\b(strftime)\s*\(\s*(?:'(?:[^']|'')*'|"(?:[^"]|"")*")\s*\)/i;
const ofTime = /\b(date|time|datetime|julianday|unixepoch|strftime|timediff)\s*\(/i;
const now = /'now'|"now"/i;

/** Looks whether an SQL text says the same as long as the tables do, as far as its words tell. @throws Unservable */
export function requireSteady(what: string, sql: string): void {
  const words = said(sql);
  const [, random] = chance.exec(words) ?? [];
  if (random !== undefined)
    throw new Unservable(
      'select',
      `${what} uses ${random}(), which says something else each time: its keys would never be in step`,
      'Let it say what the tables hold, and nothing else.',
    );
  const code = withoutComments(sql);
  const [found] = clock.exec(words) ?? ofNoTime.exec(code) ?? [];
  const used = found ?? (now.test(code) ? ofTime.exec(words)?.[0] : undefined);
  if (used === undefined) return;
  throw new Unservable(
    'select',
    `${what} reads the clock (${used.endsWith('(') ? `${used}'now')` : used}): time passes, and no change of a table tells of it`,
    'Have whoever writes the table write what is to be compared, or let the keys expire: ttl.',
  );
}
