import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { eventually } from '../support/eventually';
import { temporaryFolder } from '../support/temporary-folder';
import { useArchive } from './support/archive';
import { daemonProcesses } from './support/daemon-process';

const archive = useArchive();
const startProcess = daemonProcesses();
const folder = temporaryFolder();

const mappings = `version: 1
records:
  order: { key: "order:{id:int}", table: orders, identity: [id, made], hash: { made: { field: created_at, type: time! }, n: int! } }
`;
const rows = `SELECT id, to_char(made AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS'), n FROM orders ORDER BY id, made`;

function environment(): Record<string, string> {
  const file = join(folder, 'millrace.yaml');
  writeFileSync(file, mappings);
  return archive.environment({ MILLRACE_CONFIG: file });
}

/** A daemon that owns the stream and hears. */
async function listening() {
  const daemon = await startProcess(environment());
  await eventually(async () => expect((await daemon.archive()).mirror.state).toBe('listening'), {
    alive: daemon.ended,
  });
  return daemon;
}

test('ids that begin anew with each flush, and kill -9 at any moment: a row for each record, and none twice', async () => {
  const { client } = archive.redis;
  const expected: string[] = [];
  for (let life = 1; life <= 3; life++) {
    const made = `2026-0${life}-01T00:00:00.500`;
    const dying = await startProcess(environment());
    const written = (async () => {
      for (let first = 1; first <= 300; first += 20) {
        const pipeline = client.pipeline();
        for (let id = first; id < first + 20; id++) {
          pipeline.hset(`order:${id}`, { created_at: made, n: String(id * life) });
          // The same record, in another spelling.
          if (id % 3 === 0) pipeline.hset(`order:${id}`, { created_at: `${made}000Z` });
          expected.push(`${id}|${made}|${id * life}`);
        }
        await pipeline.exec();
      }
    })();
    const some = randomInt(0, 300);
    await eventually(
      async () => {
        const [count] = some === 0 ? [] : await archive.lines('SELECT count(*) FROM orders');
        expect(Number(count ?? 0)).toBeGreaterThanOrEqual(some === 0 ? 0 : (life - 1) * 300 + some);
      },
      { alive: dying.ended },
    );
    await dying.kill();
    await written;
    await archive.postgres.query('UPDATE millrace.checkpoint SET owner = NULL');
    const daemon = await listening();
    const inOrder = [...expected].sort((a, b) => parseInt(a) - parseInt(b) || (a < b ? -1 : 1));
    await eventually(async () => expect(await archive.lines(rows)).toEqual(inOrder), { alive: daemon.ended });
    await daemon.kill();
    await archive.postgres.query('UPDATE millrace.checkpoint SET owner = NULL');
    await client.flushall();
  }
  expect(await archive.letters()).toEqual([]);
}, 120_000);

test('whatever is written, written again, overwritten or flushed: a row for each id and moment that was there', async () => {
  const daemon = await listening();
  const { client } = archive.redis;
  const known = new Map<string, string>();
  let run = 0;
  const moments = ['2026-01-05T14:30:00.000', '2026-01-05T14:30:00.001', '2027-01-01T00:00:00.000'];
  const step = fc.oneof(
    { weight: 1, arbitrary: fc.constant('flush' as const) },
    {
      weight: 4,
      arbitrary: fc.record({ id: fc.nat(1), moment: fc.nat(2), n: fc.nat(2), zoned: fc.boolean() }),
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 7 }), async (steps) => {
      const first = ++run * 10;
      for (const one of steps) {
        if (one === 'flush') await client.flushall();
        else {
          const made = moments[one.moment] ?? '';
          await client.hset(`order:${first + one.id}`, {
            created_at: one.zoned ? `${made}+00:00` : made,
            n: String(one.n),
          });
          known.set(`${first + one.id}|${made}`, String(one.n));
        }
        const expected = [...known].map(([key, n]) => `${key}|${n}`);
        const inOrder = expected.sort((a, b) => parseInt(a) - parseInt(b) || (a < b ? -1 : 1));
        await eventually(async () => expect(await archive.lines(rows)).toEqual(inOrder), {
          alive: daemon.ended,
        });
      }
    }),
    { numRuns: 40 },
  );
  expect(await archive.letters()).toEqual([]);
}, 120_000);
