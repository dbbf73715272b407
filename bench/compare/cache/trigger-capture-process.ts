import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import Redis from 'ioredis';
import { defaultMappings } from '../../../src/mapping/alias-tables';
import { serve } from '../serve';

/**
 * Plain change capture by AFTER triggers: a log with a change_id, old and new row, and a reader that keeps in a file up to which change_id it has
 * read; at its first start a snapshot. The shape of Debezium's connector for SQLite (its table is `_debezium_cdc_log`), and of many made at home. What
 * is read is applied in the way that is kindest to it: a change only names aliases, of which it then reads what they are now.
 */
const [, , dbPath = '', redisUrl = ''] = process.argv;
const offsetFile = `${dbPath}.offset`;
const lookMs = 10;

interface Change {
  readonly change_id: number;
  readonly table_name: string;
  readonly old_alias: string | null;
  readonly new_alias: string | null;
}

function install(db: Database.Database): void {
  db.exec(`CREATE TABLE IF NOT EXISTS cdc_log (change_id INTEGER PRIMARY KEY AUTOINCREMENT, table_name TEXT NOT NULL, operation TEXT NOT NULL,
    old_alias TEXT, new_alias TEXT)`);
  for (const { table, aliasColumn } of defaultMappings)
    for (const [operation, before, after] of [
      ['INSERT', 'NULL', `NEW.${aliasColumn}`],
      ['UPDATE', `OLD.${aliasColumn}`, `NEW.${aliasColumn}`],
      ['DELETE', `OLD.${aliasColumn}`, 'NULL'],
    ] as const)
      db.exec(`CREATE TRIGGER IF NOT EXISTS cdc_${table}_${operation} AFTER ${operation} ON ${table} BEGIN
        INSERT INTO cdc_log (table_name, operation, old_alias, new_alias) VALUES ('${table}', '${operation}', ${before}, ${after});
      END`);
}

function readOffset(): number | undefined {
  return existsSync(offsetFile) ? Number(readFileSync(offsetFile, 'utf8')) : undefined;
}

function writeOffset(changeId: number): void {
  writeFileSync(`${offsetFile}.new`, String(changeId));
  renameSync(`${offsetFile}.new`, offsetFile);
}

async function apply(db: Database.Database, client: Redis, table: string, alias: string): Promise<void> {
  const mapping = defaultMappings.find((one) => one.table === table);
  if (mapping === undefined) return;
  const { type, idColumn, aliasColumn } = mapping;
  const ids = db
    .prepare<[string], string>(
      `SELECT CAST(${idColumn} AS TEXT) FROM ${table} WHERE ${aliasColumn} = ? ORDER BY 1`,
    )
    .pluck()
    .all(alias);
  const key = `alias:${type}:${alias}`;
  if (ids.length === 0) await client.del(key);
  else await client.set(key, JSON.stringify(ids));
}

async function snapshot(db: Database.Database, client: Redis): Promise<void> {
  const head = db.prepare<[], number>('SELECT COALESCE(MAX(change_id), 0) FROM cdc_log').pluck().get() ?? 0;
  for (const { table, aliasColumn } of defaultMappings) {
    const aliases = db.prepare<[], string>(`SELECT DISTINCT ${aliasColumn} FROM ${table}`).pluck();
    for (const alias of aliases.all()) await apply(db, client, table, alias);
  }
  writeOffset(head);
}

async function follow(db: Database.Database, client: Redis): Promise<never> {
  const page = db.prepare<[number], Change>(
    'SELECT * FROM cdc_log WHERE change_id > ? ORDER BY change_id LIMIT 500',
  );
  for (let offset = readOffset() ?? 0; ;) {
    const changes = page.all(offset);
    for (const { table_name: table, old_alias: before, new_alias: after } of changes)
      for (const alias of new Set([before, after])) if (alias !== null) await apply(db, client, table, alias);
    const last = changes.at(-1);
    if (last === undefined) await delay(lookMs);
    else writeOffset((offset = last.change_id));
  }
}

void serve(async () => {
  const db = new Database(dbPath, { timeout: 5_000 });
  const client = new Redis(redisUrl);
  client.on('error', () => undefined); // told by the command it interrupts
  install(db);
  if (readOffset() === undefined) await snapshot(db, client);
  void follow(db, client).catch(() => process.exit(1)); // and it is started again
  return undefined;
});
