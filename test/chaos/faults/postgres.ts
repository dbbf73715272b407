import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../../bench/clock';
import type { Scene } from '../scene/scene';
import { harnessName, ownerRole } from '../scene/stores';
import type { Fault } from './fault';
import { pause, surely, times } from './surely';

const party = 'postgres';

/** Ends all sessions but the harness' own. */
const endSessions = ({ postgres }: Scene) =>
  postgres.pool.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name <> $1 AND backend_type = 'client backend'`,
    [harnessName],
  );

const ended = (name: string, what: string, signal: 'SIGQUIT' | 'SIGKILL'): Fault => ({
  party,
  name,
  what,
  run: async (scene) => {
    const since = monotonicMs();
    await scene.postgres.end(signal);
    try {
      await scene.turnsRed(since);
    } finally {
      await surely(() => scene.postgres.start());
    }
    await delay(1_000);
  },
});

/** Settings of Millrace's role, which hold for each session that is made meanwhile. */
const setForAll = (name: string, what: string, settings: readonly string[], red: boolean): Fault => ({
  party,
  name,
  what,
  run: async (scene, random) => {
    const since = monotonicMs();
    const { pool } = scene.postgres;
    for (const setting of settings) await surely(() => pool.query(`ALTER ROLE ${ownerRole} SET ${setting}`));
    try {
      await endSessions(scene);
      await (red ? scene.turnsRed(since) : pause(random, 3_000, 6_000));
    } finally {
      await surely(() => pool.query(`ALTER ROLE ${ownerRole} RESET ALL`));
      await surely(() => endSessions(scene));
    }
  },
});

export const postgresFaults: readonly Fault[] = [
  ended('postgres-immediate', 'an immediate stop, for as long as health needs to say so', 'SIGQUIT'),
  ended('postgres-kill', 'kill -9 of the whole server, for as long as health needs to say so', 'SIGKILL'),
  {
    party,
    name: 'postgres-backends',
    what: 'pg_terminate_backend of all sessions, eight times',
    run: (scene, random) =>
      times(8, async () => {
        await endSessions(scene);
        await pause(random, 50, 800);
      }),
  },
  {
    party,
    name: 'postgres-locked',
    what: 'somebody holds locks on the tables for eight seconds',
    run: async (scene) => {
      const client = await scene.postgres.pool.connect();
      try {
        await client.query('BEGIN');
        await client.query('LOCK TABLE predictions, carts, training_runs IN ACCESS EXCLUSIVE MODE');
        await delay(8_000);
        await client.query('ROLLBACK');
        client.release();
      } catch (error) {
        client.release(true);
        throw error;
      }
    },
  },
  setForAll(
    'postgres-short-timeouts',
    'time-outs of the role: statements of 30 ms, locks of 10 ms, transactions that idle for 10 ms',
    ["statement_timeout = '30ms'", "lock_timeout = '10ms'", "idle_in_transaction_session_timeout = '10ms'"],
    false,
  ),
  setForAll(
    'postgres-read-only',
    'transactions become read-only, as on a standby',
    ['default_transaction_read_only = on'],
    true,
  ),
  {
    party,
    name: 'postgres-no-connections',
    what: 'sessions end, and no connection is left for the role, for as long as health needs to say so',
    run: async (scene) => {
      const since = monotonicMs();
      const { pool } = scene.postgres;
      await surely(() => pool.query(`ALTER ROLE ${ownerRole} CONNECTION LIMIT 0`));
      try {
        await endSessions(scene);
        await scene.turnsRed(since);
      } finally {
        await surely(() => pool.query(`ALTER ROLE ${ownerRole} CONNECTION LIMIT -1`));
      }
    },
  },
  {
    party,
    name: 'postgres-few-connections',
    what: 'sessions end, and the role is given fewer connections than Millrace has: one, two, or three',
    run: async (scene, random) => {
      const { pool } = scene.postgres;
      const limit = random.between(1, 3);
      const since = monotonicMs();
      const rows = async () =>
        (await pool.query<{ n: number }>('SELECT count(*)::int AS n FROM predictions')).rows[0]?.n;
      scene.said(`connection limit ${limit}`);
      await surely(() => pool.query(`ALTER ROLE ${ownerRole} CONNECTION LIMIT ${limit}`));
      try {
        await endSessions(scene);
        const before = await rows();
        await pause(random, 6_000, 8_000);
        const isTold = scene.health.redAfter(since) !== undefined;
        if (!scene.inStorm && !isTold && (await rows()) === before)
          scene.troubles.push(`with ${limit} connections nothing arrives, and health does not say so`);
      } finally {
        await surely(() => pool.query(`ALTER ROLE ${ownerRole} CONNECTION LIMIT -1`));
      }
    },
  },
  {
    party,
    name: 'postgres-frozen',
    what: 'SIGSTOP of the server, for as long as health needs to say so',
    run: async (scene) => {
      const since = monotonicMs();
      // Sessions are processes of their own: those of Millrace are what it waits for.
      const { rows } = await scene.postgres.pool.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE application_name <> $1 AND backend_type = 'client backend'`,
        [harnessName],
      );
      const send = (signal: NodeJS.Signals) => {
        scene.postgres.signal(signal);
        for (const { pid } of rows) signalIfThere(pid, signal);
      };
      send('SIGSTOP');
      try {
        await (scene.inStorm ? delay(5_000) : scene.turnsRed(since));
      } finally {
        send('SIGCONT');
      }
    },
  },
  {
    party,
    name: 'postgres-restored',
    what: 'a backup of some seconds ago is put back',
    alone: 'Postgres forgets what was committed',
    run: async (scene, random) => {
      const { postgres } = scene;
      const backup = `${postgres.dataDir}-backup`;
      await postgres.end('SIGINT');
      execFileSync('cp', ['-a', postgres.dataDir, backup]);
      await postgres.start();
      await scene.untilGreen();
      await pause(random, 1_500, 3_000);
      await scene.rewind('postgres', async () => {
        await postgres.end('SIGINT');
        execFileSync('rm', ['-rf', postgres.dataDir]);
        execFileSync('mv', [backup, postgres.dataDir]);
        await postgres.start();
      });
      await pause(random, 2_000, 3_000);
    },
  },
];

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}
