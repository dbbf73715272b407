import Database from 'better-sqlite3';
import { planCapture } from '../../../src/aliases/source/capture';
import { readCatalogue } from '../../../src/aliases/source/catalogue';
import { defaultMappings } from '../../../src/mapping/alias-tables';
import { changedAliases, foldKey, readModel } from './model';
import type { Schema } from './schemas';
import { firstRows, type Unit } from './writes';

export const triggerKinds = [
  'after_insert',
  'after_update',
  'after_rename',
  'after_delete',
  'before_insert',
  'before_update',
] as const;

export interface PlayOptions {
  readonly schema: Schema;
  readonly units: readonly Unit[];
  readonly foreignKeys: boolean;
  /** Dropped right after the capture is installed. */
  readonly without?: (typeof triggerKinds)[number];
}

const mappings = defaultMappings.filter((mapping) => mapping.type === 'team');

/** A statement may fail (a constraint, a type): that is its writer's business. @returns how it ended. */
function attempt(db: Database.Database, sql: string): string {
  try {
    db.exec(sql);
    return 'done';
  } catch (error) {
    return String(error);
  }
}

export function openTable({ schema, foreignKeys }: PlayOptions): Database.Database {
  const db = new Database(':memory:');
  db.pragma(`foreign_keys = ${foreignKeys ? 'ON' : 'OFF'}`);
  for (const sql of [...schema.sql, ...firstRows]) attempt(db, sql);
  return db;
}

export function install(db: Database.Database, { schema, without }: PlayOptions): void {
  for (const { sql } of planCapture(db, readCatalogue(db, mappings), schema.aliasCase)) db.exec(sql);
  if (without !== undefined) db.exec(`DROP TRIGGER IF EXISTS millrace_team_${without}`);
}

/** Writes to a captured table. @returns the aliases whose ids a unit changed without the changelog naming them. */
export function unnamedChanges(options: PlayOptions): readonly string[] {
  const { aliasCase } = options.schema;
  const db = openTable(options);
  try {
    install(db, options);
    const model = () => readModel(db, { table: 'team_aliases', idColumn: 'team_id', aliasCase });
    const head = db.prepare<[], number>('SELECT max(seq) FROM millrace_changelog').pluck();
    const newer = db
      .prepare<[number], string>(
        `SELECT CAST(alias AS TEXT) FROM millrace_changelog
         WHERE seq > ? AND type = 'team' AND alias IS NOT NULL`,
      )
      .pluck();
    return options.units.flatMap((unit) => {
      const before = model();
      const seq = head.get() ?? 0;
      for (const sql of unit) attempt(db, sql);
      if (db.inTransaction) db.exec('ROLLBACK');
      const named = new Set(newer.all(seq).map((alias) => foldKey(alias, aliasCase)));
      return changedAliases(before, model()).filter((alias) => !named.has(alias));
    });
  } finally {
    db.close();
  }
}

/**
 * Writes the same to a captured table and to one whose triggers do nothing. (Without any, SQLite may visit the rows of an
 * UPDATE in another order, and which of them OR IGNORE leaves alone depends on that.)
 * @returns both outcomes: how each statement ended, and the rows left.
 */
export function withAndWithoutCapture(options: PlayOptions): readonly [captured: unknown, plain: unknown] {
  const captured = openTable(options);
  const plain = openTable(options);
  try {
    install(captured, options);
    for (const kind of triggerKinds) {
      const when = kind.replace('rename', 'update').replace('_', ' ');
      plain.exec(`CREATE TRIGGER ${kind} ${when} ON team_aliases BEGIN SELECT 1; END`);
    }
    const play = (db: Database.Database) => {
      const ends = options.units.map((unit) => unit.map((sql) => attempt(db, sql)));
      return [ends, db.prepare('SELECT * FROM team_aliases ORDER BY 1, 2, 3, 4, 5').raw().all()];
    };
    return [play(captured), play(plain)];
  } finally {
    captured.close();
    plain.close();
  }
}
