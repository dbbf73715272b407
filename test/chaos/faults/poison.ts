import Database from 'better-sqlite3';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from './fault';
import { surely } from './surely';

const perSecond = 100;
const seconds = 3;
const bigBytes = 10_000_000;

let poisoned = 0;

export const poisonFaults: readonly Fault[] = [
  {
    name: 'poison',
    party: 'writers',
    what: 'a hundred records a second that no table can take: each is parked once, and all else goes on',
    run: async (scene) => {
      const { client } = scene.redis;
      const bad = [
        { input: '{"a": 1', timestamp: '2026-01-01T00:00:00' },
        { input: '{"nul": "\\u0000"}', timestamp: '2026-01-01T00:00:00', confidence: 'very' },
        { input: '{}', timestamp: 'the day before yesterday' },
      ];
      const version = await client.incr('aidb:counter:version');
      const model = await client.incr('aidb:counter:model');
      const created_at = '2026-01-01T00:00:00';
      await client.hset(`aidb:model:${model}`, { id: model, name: `poison ${++poisoned}`, created_at });
      await client.hset(`aidb:version:${version}`, {
        id: version,
        model_id: model,
        version: `poison ${poisoned}`,
        created_at,
      });
      for (let n = 0; n < perSecond * seconds; n++) {
        const id = await client.incr('aidb:counter:prediction');
        await client.hset(`aidb:prediction:${id}`, {
          id,
          model_version_id: version,
          output: '{}',
          ...bad[n % bad.length],
        });
        scene.letters++;
        await delay(1_000 / perSecond);
      }
    },
  },
  {
    name: 'big-value',
    party: 'writers',
    what: 'a value of 10 MB, in the file and in a record',
    run: async (scene) => {
      const name = 'x'.repeat(bigBytes);
      const db = new Database(scene.dbPath, { fileMustExist: true, timeout: 5_000 });
      const put = db.prepare('INSERT OR REPLACE INTO teams (id, name) VALUES (?, ?)');
      try {
        put.run('big', name);
        await scene.redis.client.hset('cart:big', { v: name });
        await delay(1_000);
      } finally {
        // The row is more than a document may have: while it stays, its keys are not served.
        await surely(() => Promise.resolve(put.run('big', 'small again')));
        db.close();
        await surely(() => scene.redis.client.hset('cart:big', { v: 'small again' }));
      }
    },
  },
];
