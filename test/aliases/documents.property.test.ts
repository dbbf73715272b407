import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { checkpointKey, parseCheckpoint } from '../../src/aliases/sink/checkpoint';
import { loadConfig } from '../../src/config/load';
import type { DocumentMapping } from '../../src/mapping/documents';
import { startDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { temporaryFolder } from '../support/temporary-folder';
import { testRedis, type TestRedis } from '../support/stores';
import { oracle } from './support/document-oracle';
import { anyDocumentSchema, anyDocumentWrites } from './support/document-schemas';
import { startWriter, type WriterProcess } from './support/writer-process';

// On failure fast-check prints the seed and the smallest schema and writes that still fail.

const folder = temporaryFolder();
let redis: TestRedis;
let writer: WriterProcess;
let files = 0;
beforeAll(async () => {
  redis = await testRedis();
  writer = startWriter();
});
afterAll(() => writer.stop());

/** What Redis holds for a document, by name of the key, in the oracle's form. */
async function held({ key, form }: DocumentMapping): Promise<ReadonlyMap<string, unknown>> {
  const found = new Map<string, unknown>();
  for (const one of await redis.client.keys(`${key.prefix}*`)) {
    const name = one.slice(key.prefix.length);
    if (form.type === 'hash') found.set(name, { ...(await redis.client.hgetall(one)) });
    else if (form.type === 'set') found.set(name, new Set(await redis.client.smembers(one)));
    else if (form.type === 'zset') {
      const flat = await redis.client.zrange(one, 0, -1, 'WITHSCORES');
      const scores = new Map<string, number>();
      for (let at = 0; at < flat.length; at += 2)
        scores.set(flat[at] ?? '', flat[at + 1] === 'inf' ? Infinity : Number(flat[at + 1]));
      found.set(name, scores);
    } else {
      const text = (await redis.client.get(one)) ?? '';
      if (form.type === 'list') found.set(name, new Set(JSON.parse(text) as string[]));
      else found.set(name, form.type === 'string' ? text : JSON.parse(text));
    }
  }
  return found;
}

test('a daemon leaves each document in Redis as its SELECT says, after anything another process wrote, without another full pass', async () => {
  let succeeded = 0;
  const run = fc.record({
    schema: anyDocumentSchema,
    before: anyDocumentWrites,
    batches: fc.array(anyDocumentWrites, { minLength: 1, maxLength: 4 }),
    foreignKeys: fc.boolean(),
    attached: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(run, async ({ schema, before, batches, ...how }) => {
      const db = new Database(join(folder, `${String(++files)}.db`));
      db.pragma('journal_mode = WAL');
      for (const sql of schema.sql) db.exec(sql);
      await writer.write({ path: db.name, units: [before], ...how });
      await redis.client.flushall();
      const config = loadConfig({
        HTTP_PORT: '0',
        MILLRACE_ONLY: 'aliases',
        REDIS_URL: redis.url,
        DB_PATH: db.name,
        SYNC_INTERVAL: '100000',
      });
      const { documents } = schema;
      const daemon = await startDaemon({}, { config: { ...config, aliasTables: [], documents } });
      const expected = () => new Map(documents.map((one) => [one.name, oracle(db, one)]));
      const found = async () =>
        new Map(await Promise.all(documents.map(async (one) => [one.name, await held(one)] as const)));
      try {
        expect(await found()).toEqual(expected());
        for (const batch of batches) {
          succeeded += await writer.write({ path: db.name, units: [batch], ...how });
          const head = db.prepare<[], number>('SELECT max(seq) FROM millrace_changelog').pluck().get() ?? 0;
          const reached = async () => {
            const position = parseCheckpoint((await redis.client.get(checkpointKey)) ?? '')?.position;
            return (position?.seq ?? -1) >= head;
          };
          await eventually(reached, { alive: daemon.running });
          expect(await found()).toEqual(expected());
        }
        const passes = daemon.log.lines.filter(({ fields }) => fields['event'] === 'pass.start');
        expect(passes).toHaveLength(1);
      } finally {
        await daemon.stop();
        db.close();
      }
    }),
    { numRuns: 20 },
  );
  expect(succeeded).toBeGreaterThan(20);
}, 120_000);
