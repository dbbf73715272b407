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
  order-event: { key: orders, table: order_events, each: entry, columns: { entry: $id, n: { field: n, type: int! } } }
  sale: { key: "shop:{region}:sales", table: sales, each: entry, columns: { entry: $id, n: { field: n, type: int } } }
`;

/** Streams that grow, with a consumer that takes entries away, but none that is no row yet. */
function busy() {
  const written = new Map<string, string[]>();
  let last = 0;
  const streams = [...Array.from({ length: 20 }, (_one, at) => `shop:${at}:sales`), 'orders'];
  const round = async () => {
    const { client } = archive.redis;
    const pipeline = client.pipeline();
    const keys = Array.from({ length: 20 }, () => streams[Math.min(randomInt(0, 40), 20)] ?? 'orders');
    for (const key of keys) pipeline.xadd(key, '*', 'n', ++last);
    const from = last - keys.length;
    for (const [at, [, id]] of ((await pipeline.exec()) ?? []).entries()) {
      const key = keys[at] ?? '';
      const lines = written.get(key) ?? [];
      lines.push(`${String(id)}|${from + at + 1}`);
      written.set(key, lines);
    }
    if (last % 37 > 0) return;
    const older = written.get('orders')?.at(-200)?.split('|')[0];
    const [done] = await archive.lines('SELECT entry FROM order_events WHERE entry = $1', [older]);
    // What comes before it is a row as well.
    if (done !== undefined) await client.xtrim('orders', 'MINID', done);
  };
  return {
    written,
    write: async (entries: number) => {
      for (const until = last + entries; last < until;) await round().catch(() => undefined); // there is no table yet
    },
  };
}

test('streams of the user’s own, two daemons, and kill -9 at any moment: every entry is a row, once', async () => {
  const file = join(folder, 'millrace.yaml');
  writeFileSync(file, mappings);
  const environment = archive.environment({ MILLRACE_CONFIG: file });
  const writer = busy();
  await writer.write(2_000);
  let standby = await startProcess(environment);
  for (let kill = 0; kill < 4; kill++) {
    const owner = standby;
    await eventually(async () => expect((await owner.archive()).role).toBe('owner'), {
      ...{ alive: owner.ended, within: 30_000 },
    });
    standby = await startProcess(environment);
    await writer.write(randomInt(20, 8_000));
    await owner.kill();
    await writer.write(randomInt(20, 8_000));
    if (kill % 2 === 0) await archive.postgres.query('UPDATE millrace.checkpoint SET owner = NULL');
  }
  await eventually(async () => expect((await standby.archive()).mirror.state).toBe('listening'), {
    ...{ alive: standby.ended, within: 30_000 },
  });
  await writer.write(500);
  const [orders = [], sales] = [
    writer.written.get('orders'),
    [...writer.written].flatMap(([key, lines]) =>
      key === 'orders' ? [] : lines.map((line) => `${key}|${line}`),
    ),
  ];
  expect(orders.length).toBeGreaterThan(1_000);
  await eventually(
    async () => {
      expect((await archive.lines('SELECT entry, n FROM order_events')).sort()).toEqual([...orders].sort());
      expect(
        (await archive.lines(`SELECT 'shop:' || region || ':sales', entry, n FROM sales`)).sort(),
      ).toEqual([...sales].sort());
    },
    { alive: standby.ended, within: 60_000 },
  );
  expect(await archive.letters()).toEqual([]);
  const told = (await standby.archive()).incidents.map(({ what }) => what).join('\n');
  expect(told).not.toMatch(/entries|stream "/);
}, 180_000);
