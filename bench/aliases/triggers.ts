import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { installCapture, uninstallCapture } from '../../src/aliases/source/install-capture';
import { defaultMappings } from '../../src/mapping/alias-tables';
import { monotonicMs } from '../clock';
import { type Comparison, count, type Figure } from '../figure';
import { withStores } from '../stores';
import type { Part } from '../suite';
import { createDataset } from './dataset';
import { sizesFor } from './sizes';

const variants = ['plain', 'indexed', 'captured'] as const;
type Variant = (typeof variants)[number];

/** Run in this order on one table; each row is written by its own statement. Parameters: a new id, a row that is there. */
const operations = {
  insert: "INSERT INTO player_aliases (player_id, alias) VALUES (:id, 'fresh ' || :id)",
  update: 'UPDATE player_aliases SET player_id = :id WHERE rowid = :row',
  delete: 'DELETE FROM player_aliases WHERE rowid = :row AND :id > 0',
} as const;
type Operation = keyof typeof operations;
const operationNames = ['insert', 'update', 'delete'] as const;

const newIds = 1_000_000_000;
const perTransaction = 1_000;

/** What the capture costs the application that writes. */
export const triggers: Part = {
  name: 'triggers',
  seconds: [8, 2],
  measure: ({ quick, rounds, progress }) =>
    withStores(({ folder }) => {
      const { usual, writes } = sizesFor(quick);
      const [original, path] = [join(folder, 'original.db'), join(folder, 'measured.db')];
      createDataset(original, usual);
      uninstallCapture(original);
      checkpoint(original);
      const costs = new Map<string, number[]>();
      for (let round = 1; round <= rounds; round++) {
        for (const variant of variants) {
          progress(`round ${round} of ${rounds}, ${variant}`);
          copyFileSync(original, path);
          prepare(path, variant);
          for (const [operation, cost] of measure(path, writes, variant === 'captured')) {
            const name = `${operation} ${variant}`;
            costs.set(name, [...(costs.get(name) ?? []), cost]);
          }
          checkpoint(path);
        }
      }
      return Promise.resolve(operationNames.map((operation) => figure(operation, costs, usual, writes)));
    }),
};

function withDatabase<T>(path: string, work: (db: Database.Database) => T): T {
  const db = new Database(path);
  try {
    return work(db);
  } finally {
    db.close();
  }
}

/** Leaves no -wal file behind, so that the main file can be copied over. */
const checkpoint = (path: string): unknown =>
  withDatabase(path, (db) => db.pragma('wal_checkpoint(TRUNCATE)'));

/** `indexed` is the index that the capture adds, and nothing else of it. */
function prepare(path: string, variant: Variant): void {
  if (variant === 'plain') return;
  installCapture(path, defaultMappings, 'preserve');
  if (variant === 'indexed') {
    const named = "type = 'index' AND name LIKE 'millrace%' AND tbl_name = 'player_aliases'";
    const index = withDatabase(path, (db) =>
      db.prepare<[], string>(`SELECT sql FROM sqlite_master WHERE ${named}`).pluck().get(),
    );
    uninstallCapture(path);
    withDatabase(path, (db) => db.exec(index ?? ''));
  }
  checkpoint(path);
}

/** @returns microseconds a row. @throws when the changelog does not hold what was written. */
const measure = (path: string, writes: number, logs: boolean): ReadonlyMap<Operation, number> =>
  withDatabase(path, (db) => {
    const costs = new Map<Operation, number>();
    for (const operation of operationNames) {
      const statement = db.prepare(operations[operation]);
      const before = changelogRows(db);
      const start = monotonicMs();
      for (let done = 0; done < writes; done += perTransaction) {
        db.exec('BEGIN IMMEDIATE');
        for (let n = done; n < done + perTransaction; n++) statement.run({ id: newIds + n, row: n + 1 });
        db.exec('COMMIT');
      }
      costs.set(operation, ((monotonicMs() - start) * 1_000) / writes);
      const logged = changelogRows(db) - before;
      if (logged !== (logs ? writes : 0))
        throw new Error(`${logged} of ${writes} writes are in the changelog (${operation})`);
    }
    return costs;
  });

/** 0 where there is no changelog. */
function changelogRows(db: Database.Database): number {
  const exists = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'millrace_changelog'").get();
  if (exists === undefined) return 0;
  return db.prepare<[], number>('SELECT count(*) FROM millrace_changelog').pluck().get() ?? 0;
}

function figure(
  operation: Operation,
  costs: ReadonlyMap<string, readonly number[]>,
  rows: number,
  writes: number,
): Figure {
  const rounds = (variant: Variant) => costs.get(`${operation} ${variant}`) ?? [];
  const comparisons: readonly Comparison[] = [
    { name: 'without the capture', kind: 'floor', rounds: rounds('plain') },
    {
      name: 'without, with its index',
      kind: 'floor',
      rounds: rounds('indexed'),
      factor: operation === 'update' ? 1.7 : undefined,
    },
  ];
  return {
    name: `${operation} with the capture`,
    covers:
      `microseconds of the writer for each row, ${count(writes)} single-row statements in transactions of ${count(perTransaction)}, commits included, ` +
      `on a table of ${count(rows * 0.7)} rows with UNIQUE (player_id, alias); no daemon runs. The capture is an index on the alias and the triggers.`,
    unit: 'µs',
    rounds: rounds('captured'),
    comparisons,
  };
}
