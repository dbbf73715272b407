/**
 * The application: a process of its own that writes to the SQLite file (or, for the floor, straight to Redis) and tells when.
 * Started by writer-process.ts with the file's path and the Redis URL; requests and replies travel over Node's IPC.
 */
import Database from 'better-sqlite3';
import Redis from 'ioredis';
import { monotonicMs } from '../clock';
import { aliasOf, unsharedRow } from './dataset';
import { spaced, type Write } from './spaced';

export type Request =
  /** So many single changes, each in a transaction of its own, `spacingMs` apart on average. */
  | { readonly do: 'mutate'; readonly count: number; readonly spacingMs: number }
  /** So many SETs of new keys, for the floor. */
  | { readonly do: 'set'; readonly count: number; readonly spacingMs: number }
  /** A new id for the first `count` rows of the table `player_aliases`, in one transaction. */
  | { readonly do: 'changeAll'; readonly count: number };

const [path = '', redisUrl = ''] = process.argv.slice(2);
const db = new Database(path, { timeout: 5_000 });
const client = new Redis(redisUrl);
const statements = {
  begin: db.prepare('BEGIN IMMEDIATE'),
  commit: db.prepare('COMMIT'),
  insert: db.prepare<[string, number]>('INSERT INTO player_aliases (alias, player_id) VALUES (?, ?)'),
  update: db.prepare<[number, number]>('UPDATE player_aliases SET player_id = ? WHERE rowid = ?'),
  remove: db.prepare<[number]>('DELETE FROM player_aliases WHERE rowid = ?'),
  changeAll: db.prepare<[number, number]>(
    'UPDATE player_aliases SET player_id = player_id + ? WHERE rowid <= ?',
  ),
};
const newIds = 1_000_000_000;
let sequence = 0;

/** Insert, update and delete in turn, each of an alias that nothing else touches. @returns the alias. */
function change(): string {
  const n = sequence++;
  const row = unsharedRow(n);
  if (n % 3 === 0) {
    statements.insert.run(`fresh ${n}`, newIds + n);
    return `fresh ${n}`;
  }
  if (n % 3 === 1) statements.update.run(newIds + n, row + 1);
  else statements.remove.run(row + 1);
  return aliasOf('player', row);
}

function mutate(): Write {
  statements.begin.run();
  const alias = change();
  const wallTime = Date.now();
  const issuedAt = monotonicMs();
  statements.commit.run();
  return { key: `alias:player:${alias}`, issuedAt, returnedAt: monotonicMs(), wallTime };
}

async function set(): Promise<Write> {
  const key = `alias:floor:${sequence++}`;
  const wallTime = Date.now();
  const issuedAt = monotonicMs();
  await client.set(key, '["1"]');
  return { key, issuedAt, returnedAt: monotonicMs(), wallTime };
}

function changeAll(count: number): Write {
  statements.begin.run();
  statements.changeAll.run(newIds, count);
  const wallTime = Date.now();
  const issuedAt = monotonicMs();
  statements.commit.run();
  return { key: '', issuedAt, returnedAt: monotonicMs(), wallTime };
}

async function answer(request: Request): Promise<readonly Write[]> {
  switch (request.do) {
    case 'mutate':
      return spaced(request.count, request.spacingMs, mutate);
    case 'set':
      return spaced(request.count, request.spacingMs, set);
    case 'changeAll':
      return [changeAll(request.count)];
  }
}

process.on('message', (request) => {
  void answer(request as Request).then((writes) => process.send?.(writes));
});
process.on('disconnect', () => {
  client.disconnect();
  db.close();
});
