import type { PostgresConnection, TextRow } from '../../connections/postgres/postgres';
import { deletionMark, printable } from './dead-letters';
import { fieldsIn } from './contents';
import type { Catalogue, Kind } from '../../mapping/kinds';

/** A parked record as people see it. Times as Postgres prints them, in UTC. */
export interface Letter {
  readonly id: string;
  readonly kind: string;
  readonly key: string;
  /** Which of the records of a key of the user's own that holds several; null: the key, or the whole of it. */
  readonly record: string | null;
  /** Creation time; null: it is not known, or records of its kind have none. */
  readonly created: string | null;
  readonly code: string;
  readonly column: string | null;
  readonly message: string;
  readonly waitingFor: string | null;
  readonly entryId: string | null;
  readonly firstAt: string;
  readonly lastAt: string;
  readonly attempts: number;
}

/** Which letters: all that is given must match. No ids: letters with any id. */
export interface LetterFilter {
  readonly ids: readonly string[];
  readonly kind?: string;
  readonly code?: string;
}

/** How many are parked of one kind for one reason. */
export interface LetterGroup {
  readonly kind: string;
  readonly code: string;
  readonly count: number;
}

const where = `WHERE ($1::bigint[] = '{}' OR id = ANY ($1)) AND ($2::text IS NULL OR kind = $2) AND ($3::text IS NULL OR code = $3)`;
const columns =
  'id, kind, key, created, code, column_name, message, waiting_for, entry_id, first_at, last_at, attempts';

const values = ({ ids, kind, code }: LetterFilter) => [ids, kind ?? null, code ?? null];

export type DeadLetterStore = ReturnType<typeof deadLetterStore>;

/** The parked records, for the verbs and the dashboard. Every method throws explained errors. */
export function deadLetterStore(postgres: PostgresConnection, catalogue: Catalogue) {
  const change = (sql: string, filter: LetterFilter): Promise<number> =>
    postgres
      .transaction((transaction) => transaction.execute(sql, values(filter)))
      .catch((error: unknown) => {
        throw postgres.translate(error);
      });
  return {
    /** A page of letters. @param after only letters with higher ids are listed, and counted in `total` */
    async list(
      filter: LetterFilter,
      limit: number,
      after = '0',
    ): Promise<{ letters: readonly Letter[]; total: number }> {
      const rows = await postgres.query(
        `SELECT ${columns}, count(*) OVER () AS total FROM millrace.dead_letters ${where} AND id > $5 ORDER BY id LIMIT $4`,
        [...values(filter), limit, after],
      );
      return { letters: rows.map((row) => toLetter(row, catalogue)), total: Number(rows[0]?.['total'] ?? 0) };
    },
    /** How many are parked, by kind and reason. */
    async groups(): Promise<readonly LetterGroup[]> {
      const rows = await postgres.query(
        'SELECT kind, code, count(*) AS count FROM millrace.dead_letters GROUP BY kind, code ORDER BY kind, code',
      );
      return rows.map(({ kind, code, count }) => ({
        kind: kind ?? '',
        code: code ?? '',
        count: Number(count),
      }));
    },
    /** The record of a letter, field by field, as it was found in Redis; empty where no copy was kept, or none that can be read by now. */
    async contents(id: string): Promise<readonly (readonly [string, string | null])[]> {
      const [row] = await postgres.query('SELECT kind, payload FROM millrace.dead_letters WHERE id = $1', [
        id,
      ]);
      const payload = row?.['payload'];
      if (payload == null) return [];
      const fields = fieldsIn(catalogue.get(row?.['kind'] ?? ''), Buffer.from(payload.slice(2), 'hex'));
      return fields.map(([name, value]) => [printable(name), text(value)] as const);
    },
    /** Marks letters as due, but for those of no record of ours, which cannot be tried again. @returns how many are due */
    retry: (filter: LetterFilter): Promise<number> =>
      change(`UPDATE millrace.dead_letters SET due = true ${where} AND kind <> '?'`, filter),
    drop: (filter: LetterFilter): Promise<number> =>
      change(`DELETE FROM millrace.dead_letters ${where}`, filter),
  };
}

const text = (bytes: Buffer | undefined): string | null => (bytes === undefined ? null : printable(bytes));

/** A letter's `distinction` if it is a creation time; of a kind without one it is a value or a member, and of a deletion our mark. */
function createdOf(kind: Kind | undefined, distinction: string | null): string | null {
  const dated = kind?.created !== undefined;
  return dated && distinction !== '' && distinction !== deletionMark ? distinction : null;
}

const recordIn = (kind: Kind | undefined, distinction: string): string | null =>
  kind?.own?.item === undefined || distinction === '' || distinction === deletionMark ? null : distinction;

const toLetter = (row: TextRow, catalogue: Catalogue): Letter => ({
  id: row['id'] ?? '',
  kind: row['kind'] ?? '',
  key: row['key'] ?? '',
  record: recordIn(catalogue.get(row['kind'] ?? ''), row['created'] ?? ''),
  created: createdOf(catalogue.get(row['kind'] ?? ''), row['created'] ?? null),
  code: row['code'] ?? '',
  column: row['column_name'] ?? null,
  message: row['message'] ?? '',
  waitingFor: row['waiting_for'] ?? null,
  entryId: row['entry_id'] ?? null,
  firstAt: row['first_at'] ?? '',
  lastAt: row['last_at'] ?? '',
  attempts: Number(row['attempts'] ?? 0),
});
