/** Serves alias tables of one's own from SQLite, and reads them from Redis. */
import Database from 'better-sqlite3';
import Redis from 'ioredis';
import { Millrace } from 'millrace';

async function main(): Promise<void> {
  const db = new Database('clubs.db');
  db.exec('CREATE TABLE IF NOT EXISTS clubs (id INTEGER, name TEXT)');

  await using millrace = Millrace.fromEnvironment({
    only: 'aliases',
    dbPath: 'clubs.db',
    aliasTables: [{ type: 'club', table: 'clubs', idColumn: 'id', aliasColumn: 'name' }],
  });
  await millrace.start();

  // Any program may write to the file: triggers notice it.
  db.exec("DELETE FROM clubs; INSERT INTO clubs VALUES (1, 'rmcf'), (8, 'rmcf'), (2, 'fcb')");
  const { total } = await millrace.syncAliases(); // only to know when; changes travel by themselves
  console.log(`${total} aliases`);

  const redis = new Redis(millrace.addresses?.redisUrl ?? '');
  console.log('alias:club:rmcf', await redis.get('alias:club:rmcf')); // ["1","8"]
  redis.disconnect();
  db.close();
}

void main();
