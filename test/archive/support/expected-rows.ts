import type { TestDaemon } from '../../support/daemon';
import { eventually } from '../../support/eventually';
import type { TestPostgres } from '../../support/postgres';
import { countRows, inOrder, type StoredRow, storedRows } from './stored-rows';

/** What has to stand in Postgres, beside the parents. */
export class ExpectedRows {
  readonly #tables = new Map<string, StoredRow[]>();
  readonly #members = new Set<string>();
  #serial = 1;

  add(table: string, row: StoredRow): void {
    this.#tables.set(table, [...(this.#tables.get(table) ?? []), row]);
  }

  /** An id that none has had. */
  nextId(): string {
    return String(++this.#serial);
  }

  /** Whether a member is new: a sorted set has each of them once. */
  isNewMember(member: string): boolean {
    if (this.#members.has(member)) return false;
    this.#members.add(member);
    return true;
  }

  /** Waits until so many rows are there, and compares them all. */
  async toBeStored(postgres: TestPostgres, { running: alive }: TestDaemon): Promise<void> {
    const tables = [...this.#tables.keys()];
    const counts = Object.fromEntries([...this.#tables].map(([table, rows]) => [table, rows.length]));
    await eventually(
      async () => {
        expect(await postgres.query('SELECT key, column_name, message FROM millrace.dead_letters')).toEqual(
          [],
        );
        expect(await countRows(postgres, tables)).toEqual(counts);
      },
      { alive, within: 20_000 },
    );
    for (const [table, rows] of this.#tables)
      expect({ table, rows: await storedRows(postgres, table) }).toEqual({ table, rows: inOrder(rows) });
  }
}
