import { isUtf8 } from 'node:buffer';
import type { Database, Statement } from 'better-sqlite3';
import type { KeyTemplate } from '../../../mapping/documents';
import { renderName } from '../../../mapping/key-template';
import type { ServedDocument } from './catalogue';
import type { ServedWatch } from './check-watch';
import { type How, inJson, type KeyParts, keyRuns, keysExpression, type LoggedParts } from './key-relation';
import { type Logged, type LoggedValue, parseLoggedRow } from './logged';

/** Keys of one mapping that may have changed: by name, or by a SELECT that is still to be asked. */
export type Nomination = { readonly type: string; readonly names: readonly string[] } | FanNomination;

export interface FanNomination {
  readonly type: string;
  readonly fan: Fan;
}

/** What is left to ask of the SELECT of a watch. Holds no connection: the file may be opened anew in between. */
interface Fan {
  /** Which watch of the document. */
  readonly watch: number;
  readonly how: How;
  /** The parameter of `keys`. */
  readonly keys: string;
  /** The last key that was named, when the SELECT is read in order; undefined: not yet asked. */
  readonly after: readonly Buffer[] | undefined;
}

export interface Fanned {
  readonly names: readonly string[];
  /** undefined: these were all. */
  readonly rest: Nomination | undefined;
}

/**
 * Why rows of the changelog do not tell which keys are meant. `unlogged`: they were written before the triggers logged a column that the document
 * watches, and so before any pass that sees its changes; `untold`: they hold nothing of it, for it is too long.
 */
export type Doubt = 'unlogged' | 'untold';

/** Names that one step of a fan holds at the most. */
const most = 50_000;

interface FanStatements {
  /** Some of the keys, in any order, one more than `most` at the most. */
  readonly some: Statement<[string], readonly (string | null)[]>;
  /** All of them in the order of their bytes. */
  readonly first: Statement<[string], readonly Buffer[]>;
  readonly next: Statement<[string, ...Buffer[]], readonly Buffer[]>;
}

/** Tells which keys of the documents a changed row may have changed. */
export class Nominator {
  readonly #db: Database;
  readonly #documents: ReadonlyMap<string, ServedDocument>;
  readonly #statements = new Map<string, FanStatements>();
  readonly #most: number;

  constructor(db: Database, documents: readonly ServedDocument[], limit = most) {
    this.#db = db;
    this.#documents = new Map(documents.map((document) => [document.mapping.name, document]));
    this.#most = limit;
  }

  /** @param rows as the triggers logged them. @param onDoubt called when some of them do not tell which keys of a document are meant */
  nominate(
    { table, columns }: Logged,
    rows: readonly string[],
    onDoubt: (type: string, doubt: Doubt) => void,
  ): readonly Nomination[] {
    const nominations: Nomination[] = [];
    const values = rows.map(parseLoggedRow);
    for (const [type, { mapping, watches }] of this.#documents) {
      for (const [watch, { table: watched, by, direct, select }] of watches.entries()) {
        if (watched.name !== table) continue;
        const places = by.map(({ name }) => columns.indexOf(name));
        if (places.includes(-1)) {
          onDoubt(type, 'unlogged');
          continue;
        }
        // Tables may be joined by what is too long to be logged: only a pass tells which keys are meant.
        if (!direct && values.some((row) => places.some((place) => row[place] === undefined)))
          onDoubt(type, 'untold');
        const keys = keysOf(values, places);
        if (keys.length === 0) continue;
        if (direct) nominations.push({ type, names: namesOf(mapping.key, keys.filter(isKey)) });
        if (select === undefined) continue;
        for (const { how, keys: parameter } of keyRuns(by, keys))
          nominations.push({ type, fan: { watch, how, keys: parameter, after: undefined } });
      }
    }
    return nominations;
  }

  /** Asks the SELECT for its next keys. */
  fanOut({ type, fan }: FanNomination): Fanned {
    const document = this.#documents.get(type);
    const watch = document?.watches[fan.watch];
    // Not served any more: its keys are left as they are.
    if (document === undefined || watch?.select === undefined) return { names: [], rest: undefined };
    const { key } = document.mapping;
    const statements = this.#prepare(document, watch, fan);
    if (fan.after === undefined) {
      const some = statements.some.all(fan.keys);
      if (some.length <= this.#most) {
        const complete = some.filter((parts) => parts.every((part) => part !== null));
        return { names: namesOf(key, complete), rest: undefined };
      }
    }
    const page =
      fan.after === undefined ? statements.first.all(fan.keys) : statements.next.all(fan.keys, ...fan.after);
    const decodable = page.filter((parts) => parts.every((part) => isUtf8(part)));
    const after = page.length < this.#most ? undefined : page.at(-1);
    return {
      names: namesOf(
        key,
        decodable.map((parts) => parts.map((part) => part.toString())),
      ),
      rest: after && { type, fan: { ...fan, after } },
    };
  }

  #prepare(document: ServedDocument, watch: ServedWatch, { how, watch: at }: Fan): FanStatements {
    const id = JSON.stringify([document.mapping.name, at, how]);
    const known = this.#statements.get(id);
    if (known !== undefined) return known;
    const columns = document.columns.map((_column, position) => `k${position}`);
    const from = `FROM "millrace fan"`;
    const given = `WITH ${keysExpression(watch.by, how)}, "millrace fan"(${columns.join(', ')}) AS (${watch.select ?? ''}\n)`;
    const text = columns.map(
      (column) => `CASE WHEN typeof(${column}) <> 'blob' THEN CAST(${column} AS TEXT) END`,
    );
    const bytes = columns.map((column) => `CAST(CAST(${column} AS TEXT) AS BLOB)`);
    const keyed = columns.map((column) => `typeof(${column}) NOT IN ('blob', 'null')`).join(' AND ');
    const ordered = (condition: string) =>
      `${given} SELECT DISTINCT ${bytes.join(', ')} ${from} WHERE ${keyed}${condition}
       ORDER BY ${bytes.join(', ')} LIMIT ${this.#most}`;
    const places = columns.map(() => '?').join(', ');
    const statements: FanStatements = {
      some: this.#db
        .prepare<[string], readonly (string | null)[]>(
          `${given} SELECT DISTINCT ${text.join(', ')} ${from} LIMIT ${this.#most + 1}`,
        )
        .raw(),
      first: this.#db.prepare<[string], readonly Buffer[]>(ordered('')).raw(),
      next: this.#db
        .prepare<[string, ...Buffer[]], readonly Buffer[]>(
          ordered(` AND (${bytes.join(', ')}) > (${places})`),
        )
        .raw(),
    };
    this.#statements.set(id, statements);
    return statements;
  }
}

/** The distinct keys in these places of the rows, but for those that lack a part. */
function keysOf(
  rows: readonly (readonly LoggedValue[])[],
  places: readonly number[],
): readonly LoggedParts[] {
  const keys = new Map<string, LoggedParts>();
  for (const row of rows) {
    const parts = places.flatMap((place) => row[place] ?? []);
    if (parts.length === places.length) keys.set(parts.map(inJson).join(), parts);
  }
  return [...keys.values()];
}

/** A blob can be no part of a key. */
const isKey = (parts: LoggedParts): parts is KeyParts => parts.every((part) => typeof part === 'string');

const namesOf = (key: KeyTemplate, keys: readonly KeyParts[]): readonly string[] => {
  const names = new Set<string>();
  for (const parts of keys) {
    const rendered = renderName(key, parts);
    if ('name' in rendered) names.add(rendered.name);
  }
  return [...names];
};
