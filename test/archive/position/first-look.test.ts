import type { Applier } from '../../../src/archive/apply/applier';
import { Checkpoint } from '../../../src/archive/position/checkpoint';
import { archiveIncidentStore } from '../../../src/archive/position/incident-store';
import { findTargets } from '../../../src/archive/schema/preparation';
import { Follow } from '../../../src/archive/stages/follow';
import type { Tail } from '../../../src/archive/stages/tail';
import { Echoes } from '../../../src/archive/stream/echoes';
import { parsePostgresUrl } from '../../../src/connections/postgres/postgres-url';
import { PostgresConnection } from '../../../src/connections/postgres/postgres';
import { RedisConnection } from '../../../src/connections/redis';
import { redisTarget } from '../../../src/connections/redis-url';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import { Incidents } from '../../../src/pipeline/incidents/incidents';
import { keepLog } from '../../support/daemon';
import { useArchive } from '../support/archive';

const archive = useArchive();
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Up to which entry the first look of a daemon has records that come by value count as written before. */
async function doubtedUntil(): Promise<readonly string[]> {
  const { host, port } = archive.redis.server;
  const target = parsePostgresUrl(archive.postgres.url);
  if (typeof target === 'string') throw new Error(target);
  const redis = new RedisConnection(redisTarget({ host, port, db: 0 }), 'test');
  const postgres = new PostgresConnection(target, 'test');
  closing.push(() => {
    redis.close();
    postgres.close();
  });
  await redis.connect();
  const checkpoint = new Checkpoint(postgres);
  expect(await checkpoint.claim()).toMatchObject({ owned: true });
  const targets = await findTargets(postgres, aiRegistry);
  const doubted: string[] = [];
  const log = keepLog();
  const follow = new Follow({
    ...{ redis, postgres, catalogue: aiRegistry, checkpoint, log },
    targets: () => targets,
    applier: () => ({ startOver: (entryId: string) => doubted.push(entryId) }) as unknown as Applier,
    tail: { reset: () => undefined, goOnFrom: () => undefined } as unknown as Tail,
    echoes: new Echoes(() => Promise.resolve('0-0')),
    onDoubt: () => undefined,
    incidents: new Incidents({
      ...{ pipeline: 'archive', log, store: archiveIncidentStore(postgres) },
      tell: () => undefined,
    }),
  });
  await follow.run();
  return doubted;
}

test('in tables that are empty nothing can have been written before, though nobody knows how far the stream was read; in others it can', async () => {
  const { client } = archive.redis;
  const last = String(await client.xadd('millrace:changes', '*', 'prediction', '1'));
  expect(await doubtedUntil()).toEqual(['0-0']);

  await archive.postgres.query('DELETE FROM millrace.checkpoint');
  await client.del('millrace:incarnation');
  await archive.postgres.query("INSERT INTO models (name) VALUES ('m')");
  await archive.postgres.query("INSERT INTO model_versions (model_id, version) SELECT id, '1' FROM models");
  expect(await doubtedUntil()).toEqual(['0-0']);

  await archive.postgres.query('DELETE FROM millrace.checkpoint');
  await archive.postgres.query('INSERT INTO predictions (model_version_id) SELECT id FROM model_versions');
  expect(await doubtedUntil()).toEqual([last]);
});
