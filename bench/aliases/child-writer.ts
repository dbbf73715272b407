/**
 * The application of join-latency.ts: a process of its own that renames aliases of teams, or, for the floor, writes straight to Redis, and tells when.
 * Started with the file's path and the Redis URL; requests and replies travel over Node's IPC.
 */
import Database from 'better-sqlite3';
import Redis from 'ioredis';
import { monotonicMs } from '../clock';
import { spaced, type Write } from './spaced';

export interface ChildRequest {
  /** A new name for one alias of a team, each of another team, in a transaction of its own; or a SET of a new key. */
  readonly do: 'rename' | 'set';
  readonly count: number;
  readonly spacingMs: number;
}

const [path = '', redisUrl = ''] = process.argv.slice(2);
const db = new Database(path, { timeout: 5_000 });
const client = new Redis(redisUrl);
const statements = {
  begin: db.prepare('BEGIN IMMEDIATE'),
  commit: db.prepare('COMMIT'),
  rename: db.prepare<[string, number]>(
    'UPDATE team_aliases SET alias = ? WHERE rowid = (SELECT max(rowid) FROM team_aliases WHERE team_id = ?)',
  ),
};
let sequence = 0;

function rename(): Write {
  const team = ++sequence;
  statements.begin.run();
  statements.rename.run(`renamed ${team}`, team);
  const wallTime = Date.now();
  const issuedAt = monotonicMs();
  statements.commit.run();
  return { key: `card:${team}`, issuedAt, returnedAt: monotonicMs(), wallTime };
}

async function set(): Promise<Write> {
  const key = `floor:${++sequence}`;
  const wallTime = Date.now();
  const issuedAt = monotonicMs();
  await client.set(key, '["1"]');
  return { key, issuedAt, returnedAt: monotonicMs(), wallTime };
}

process.on('message', (request) => {
  const { do: what, count, spacingMs } = request as ChildRequest;
  void spaced(count, spacingMs, what === 'rename' ? rename : set).then((writes) => process.send?.(writes));
});
process.on('disconnect', () => {
  client.disconnect();
  db.close();
});
