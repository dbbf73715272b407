import type { Pool } from 'pg';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../../bench/clock';
import { Sights } from './sights';

const lookEveryMs = 100;

interface Row {
  readonly key: string;
  readonly value: string | null;
}

/** Rows that change, by the keys of their records: one row each, or something is there twice. */
export async function readRows(pool: Pool, round: string): Promise<Row[]> {
  const sql = `SELECT 'cart:' || id AS key, v AS value FROM carts WHERE id LIKE $1 || '-%'
    UNION ALL SELECT 'run:' || run_name, status FROM training_runs WHERE run_name LIKE $1 || '.%'`;
  return (await pool.query<Row>(sql, [round])).rows;
}

export interface RowsWatch {
  readonly sights: Sights;
  /** Keys of which two rows were seen at once. */
  readonly twice: Set<string>;
  readonly stop: () => Promise<void>;
}

/** A reader of Postgres that looks at the rows of a round again and again, until it is stopped. */
export function watchRows(pool: Pool, round: string): RowsWatch {
  const sights = new Sights();
  const twice = new Set<string>();
  let stopped = false;
  const look = async () => {
    const rows = await readRows(pool, round);
    addRows(rows, { sights, twice });
  };
  const loop = async () => {
    while (!stopped) {
      await delay(lookEveryMs);
      await look().catch(() => undefined);
    }
  };
  const done = loop();
  return {
    sights,
    twice,
    stop: async () => {
      stopped = true;
      await done;
    },
  };
}

/** What was there before and is no more is a sight, too. */
export function addRows(rows: readonly Row[], { sights, twice }: Pick<RowsWatch, 'sights' | 'twice'>): void {
  const found = new Map<string, string | null>();
  for (const { key, value } of rows) {
    if (found.has(key)) twice.add(key);
    found.set(key, value);
  }
  const keys = new Set([...found.keys(), ...sights.keys()]);
  sights.add([...keys].map((key) => [key, found.get(key) ?? null]), monotonicMs()); // prettier-ignore
}
