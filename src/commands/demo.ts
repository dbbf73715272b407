import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { Command } from 'commander';
import Redis from 'ioredis';
import { type Option, options } from '../config';
import { type DaemonRecord, readRecord } from '../daemon-record';
import { isSampleDatabase } from '../embedded/sample-db';
import { fatal } from '../errors';
import { configOf, type Run } from './options';

/** What the documents let a user try, and what has to be in Redis after each step. */
const steps = [
  { sql: "INSERT INTO team_aliases (team_id, alias) VALUES (1, 'rmcf')", value: '["1"]' },
  { sql: "UPDATE team_aliases SET team_id = 2 WHERE alias = 'rmcf'", value: '["2"]' },
  { sql: "DELETE FROM team_aliases WHERE alias = 'rmcf'", value: null },
] as const;

const arrivalDeadlineMs = 5_000;
const startDeadlineMs = 60_000;

/** `millrace demo`: watches changes travel, in the `npm start` of this folder or in a daemon of its own. */
export function demoCommand(program: Command, run: Run): void {
  program
    .command('demo')
    .description('change aliases in a sample database and watch them arrive in Redis')
    .action(() =>
      run(async (signal) => {
        const running = readRecord(configOf({}).dataDir);
        if (running !== undefined && isSampleDatabase(running.dbPath)) {
          console.log(`With the daemon that runs here (pid ${running.pid}):\n`);
          return show(running);
        }
        const folder = mkdtempSync(join(tmpdir(), 'millrace-demo-'));
        console.log(`Starting a daemon of its own, with a real Redis and a sample database in ${folder} …\n`);
        const daemon = await startDaemon(folder, signal);
        try {
          return await show(daemon.record);
        } finally {
          await daemon.stop();
          rmSync(folder, { recursive: true, force: true });
        }
      }),
    );
}

async function show({ dbPath, redisUrl }: DaemonRecord): Promise<number> {
  const db = new Database(dbPath, { fileMustExist: true });
  const redis = new Redis(redisUrl);
  try {
    await redis.ping();
    for (const { sql, value } of steps) {
      console.log(`sqlite> ${sql};`);
      db.exec(sql);
      const committed = performance.now();
      let found = await redis.get('alias:team:rmcf');
      while (found !== value && performance.now() - committed < arrivalDeadlineMs) {
        found = await redis.get('alias:team:rmcf');
      }
      const ms = performance.now() - committed;
      if (found !== value) {
        console.log(
          `redis>  GET alias:team:rmcf  is ${found ?? '(nil)'} after ${ms.toFixed(0)} ms, not ${value ?? '(nil)'}`,
        );
        return 1;
      }
      console.log(
        `redis>  GET alias:team:rmcf  ->  ${found ?? '(nil)'}   ${ms.toFixed(1)} ms after the commit\n`,
      );
    }
    console.log('The three tests of the alias document, in milliseconds instead of two minutes.');
    return 0;
  } finally {
    db.close();
    redis.disconnect();
  }
}

/** The daemon as a user would start it, in its own process. */
async function startDaemon(folder: string, signal: AbortSignal) {
  const cli = process.argv[1] ?? '';
  const settings = new Set(Object.values<Option>(options).map((option) => option.env));
  const plain = Object.entries(process.env).filter(([name]) => !settings.has(name));
  const child = spawn(process.execPath, [cli, 'run', '--embedded'], {
    cwd: folder,
    env: { ...Object.fromEntries(plain), HTTP_PORT: '0', LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  const deadline = Date.now() + startDeadlineMs;
  for (;;) {
    const record = readRecord(join(folder, '.millrace'));
    if (record !== undefined) return { record, stop };
    if (child.exitCode !== null || signal.aborted || Date.now() > deadline) {
      await stop();
      throw fatal('the demo’s own daemon did not start', {
        code: 'E_DEMO',
        hint: 'What it said is above; `npm start` shows more.',
      });
    }
    await delay(20);
  }
}
