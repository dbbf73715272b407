import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/eventually';
import { temporaryFolder } from '../support/temporary-folder';
import { useArchive } from './support/archive';
import { daemonProcesses } from './support/daemon-process';

const archive = useArchive();
const startProcess = daemonProcesses();
const folder = temporaryFolder();

const mappings = `version: 1
records:
  user: { key: "user:{id:int}", table: users, hash: { n: int!, name: text } }
  visit: { key: "visit:{user:int}:{page*}", table: visits, parents: { user_id: { record: user, id: "{user}" } }, hash: { n: int! }, on_conflict: skip }
`;

/** Plain writes without an end: new keys, changed and taken fields; a child mostly before its parent. @returns what stops it */
function busy() {
  const written = new Map<string, Record<string, string>>();
  let rounds = 0;
  const stop = new AbortController();
  const round = async () => {
    const { client } = archive.redis;
    const pipeline = client.pipeline();
    for (let at = 0; at < 20; at++) {
      const user = `user:${randomInt(0, 400)}`;
      const visit = `visit:${user.slice(5)}:/a:${randomInt(0, 3)}`;
      pipeline.hset(visit, 'n', String(++rounds));
      written.set(visit, { n: String(rounds) });
      pipeline.hset(user, { n: String(rounds), name: `round ${rounds}` });
      written.set(user, { n: String(rounds), name: `round ${rounds}` });
      if (rounds % 7 > 0) continue;
      pipeline.hdel(user, 'name');
      written.set(user, { n: String(rounds) });
    }
    await pipeline.exec();
  };
  const running = (async () => {
    while (!stop.signal.aborted) await round();
  })();
  return {
    written,
    rounds: () => rounds,
    stop: () => {
      stop.abort();
      return running;
    },
  };
}

test('plain writes of the user’s own keys, and kill -9 at any moment: every key is its row, once', async () => {
  const file = join(folder, 'millrace.yaml');
  writeFileSync(file, mappings);
  const environment = archive.environment({ MILLRACE_CONFIG: file });
  const writer = busy();
  for (let kill = 0; kill < 5; kill++) {
    const daemon = await startProcess(environment);
    await eventually(async () => expect((await daemon.archive()).role).toBe('owner'), {
      alive: daemon.ended,
    });
    const [before, rounds] = [writer.rounds(), randomInt(20, 20_000)];
    await eventually(() => writer.rounds() - before > rounds, { alive: daemon.ended });
    await daemon.kill();
    await archive.postgres.query('UPDATE millrace.checkpoint SET owner = NULL');
  }
  const last = await startProcess(environment);
  await eventually(async () => expect((await last.archive()).mirror.state).toBe('listening'), {
    alive: last.ended,
  });
  await writer.stop();
  const users = [...writer.written]
    .filter(([key]) => key.startsWith('user:'))
    .map(([key, { n = '', name = '' }]) => `${key}|${n}|${name}`);
  const visits = [...writer.written]
    .filter(([key]) => key.startsWith('visit:'))
    .map(([key, { n = '' }]) => `${key}|${n}`);
  expect(users.length).toBeGreaterThan(100);
  await eventually(
    async () => {
      expect((await archive.lines(`SELECT 'user:' || id, n, name FROM users`)).sort()).toEqual(users.sort());
      expect(
        (await archive.lines(`SELECT 'visit:' || user_id || ':' || page, n FROM visits`)).sort(),
      ).toEqual(visits.sort());
    },
    { alive: last.ended, within: 30_000 },
  );
  expect(await archive.letters()).toEqual([]);
}, 120_000);
