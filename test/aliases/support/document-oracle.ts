import type { Database } from 'better-sqlite3';
import type { DocumentMapping } from '../../../src/mapping/documents';

/** What documents mean: written for the tests, without a line of the code that serves them. */

type Row = Readonly<Record<string, unknown>>;

interface Cell {
  readonly type: string;
  readonly text: string | null;
  readonly number: number | null;
}

/** By name of the key, what Redis should hold: of a hash, set or zset in a form that can be compared. */
export function oracle(db: Database, document: DocumentMapping): ReadonlyMap<string, unknown> {
  const { form, key, rows } = document;
  const source =
    'sql' in rows
      ? `WITH keys AS (SELECT ${document.watch[0]?.by.join(', ') ?? ''} FROM ${rows.table}) SELECT * FROM (${rows.sql})`
      : `SELECT * FROM ${rows.table} WHERE ${rows.where ?? 'true'}`;
  const columns = db
    .prepare(source)
    .columns()
    .map(({ name }) => name);
  const cells = columns.map(
    (
      name,
    ) => `json_object('type', typeof("${name}"), 'text', CASE WHEN typeof("${name}") <> 'blob' THEN CAST("${name}" AS TEXT) END,
      'number', CASE WHEN typeof("${name}") IN ('integer', 'real') THEN "${name}" END) AS "${name}"`,
  );
  const all = db.prepare<[], Row>(`SELECT ${cells.join(', ')} FROM (${source})`).all();
  const groups = new Map<string, Readonly<Record<string, Cell>>[]>();
  for (const row of all) {
    const read = Object.fromEntries(columns.map((name) => [name, JSON.parse(String(row[name])) as Cell]));
    const parts = key.parts.map(({ column }) => read[column]?.text ?? null);
    if (parts.includes(null)) continue;
    // The colon between two columns may be in no column but the last.
    if (parts.slice(0, -1).some((part) => part?.includes(':') === true)) continue;
    const name = parts.join(':');
    groups.set(name, [...(groups.get(name) ?? []), read]);
  }
  const found = new Map<string, unknown>();
  for (const [name, group] of groups) {
    const value = valueOf(form, group);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

function valueOf(form: DocumentMapping['form'], rows: readonly Readonly<Record<string, Cell>>[]): unknown {
  const texts = (column: string) => rows.flatMap((row) => row[column]?.text ?? []);
  const blob = (columns: readonly string[]) =>
    rows.some((row) => columns.some((column) => row[column]?.type === 'blob'));
  switch (form.type) {
    case 'json':
    case 'hash': {
      const [row, second] = rows;
      if (row === undefined || second !== undefined || blob(form.fields.map(({ column }) => column)))
        return undefined;
      const entries = form.fields.map(({ name, column, json }) => {
        const { type, text, number } = row[column] ?? { type: 'null', text: null, number: null };
        if (json && text !== null) return [name, JSON.parse(text) as unknown] as const;
        return [
          name,
          form.type === 'json' && (type === 'integer' || type === 'real') ? number : text,
        ] as const;
      });
      const kept = form.type === 'hash' ? entries.filter(([, value]) => value !== null) : entries;
      return kept.length === 0 ? undefined : Object.fromEntries(kept);
    }
    case 'string':
      return rows.length > 1 || blob([form.column]) ? undefined : texts(form.column)[0] || undefined;
    case 'list':
    case 'set': {
      const members = new Set(texts(form.column));
      return members.size === 0 || blob([form.column]) ? undefined : members;
    }
    case 'zset': {
      if (blob([form.member])) return undefined;
      const scores = new Map<string, number>();
      for (const row of rows) {
        const member = row[form.member]?.text;
        if (member == null) continue;
        const score = row[form.score]?.number;
        if (score == null) return undefined;
        scores.set(member, Math.max(score, scores.get(member) ?? -Infinity));
      }
      return scores.size === 0 ? undefined : scores;
    }
  }
}

/** The value of a served key, in the same form. */
export function readServed({ form }: DocumentMapping, value: string): unknown {
  if (value === '') return undefined;
  if (form.type === 'string') return value;
  const parsed = JSON.parse(value) as unknown;
  if (form.type === 'json' || form.type === 'hash') return parsed;
  if (form.type !== 'zset') return new Set(parsed as string[]);
  const number = (score: string) =>
    score === 'inf' ? Infinity : score === '-inf' ? -Infinity : Number(score);
  return new Map((parsed as [string, string][]).map(([member, score]) => [member, number(score)]));
}
