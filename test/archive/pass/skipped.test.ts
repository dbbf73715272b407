import { ArchiveFullPass } from '../../../src/archive/pass/full-pass';
import { findTargets, prepareSchema } from '../../../src/archive/schema/preparation';
import { TruthReader } from '../../../src/archive/truth/truth';
import { loadConfig, requirePostgres } from '../../../src/config/load';
import { PostgresConnection } from '../../../src/connections/postgres/postgres';
import { RedisConnection } from '../../../src/connections/redis';
import { parseRedisUrl } from '../../../src/connections/redis-url';
import { keepLog } from '../../support/daemon';
import { useArchive } from '../support/archive';
import { alone, fields, ownArchive, user } from '../support/own-records';

const archive = useArchive();
const catalogue = alone({ ...user, columns: fields({ email: 'text' }), onConflict: 'skip' });

const ids = 3_000;

test.each([
  ['and nothing fails', undefined, false],
  ['and differences take more than one walk', 300, false],
  ['and a chunk is begun anew after a failure', undefined, true],
])(
  'rows that are left as they are count once, %s',
  async (_how, heldBytes, fails) => {
    const target = parseRedisUrl(archive.redis.url);
    if (typeof target === 'string') throw new Error(target);
    const redis = new RedisConnection(target, 'test');
    const postgres = new PostgresConnection(requirePostgres(ownArchive(archive, catalogue).config()), 'test');
    try {
      await redis.connect();
      await prepareSchema(postgres, catalogue, keepLog());
      const targets = await findTargets(postgres, catalogue);
      await archive.redis.client.eval(
        `for id = 1, ${ids} do redis.call('HSET', 'user:' .. id, 'email', 'ours') end`,
        0,
      );
      // A third of each: theirs, equal, and missing.
      await archive.postgres.query(
        `INSERT INTO users (id, email) SELECT id, CASE id % 3 WHEN 0 THEN 'theirs' ELSE 'ours' END FROM generate_series(1, ${ids}) id WHERE id % 3 < 2`,
      );
      const pass = new ArchiveFullPass({
        ...{ redis, postgres, targets: () => targets, life: () => '1' },
        truth: new TruthReader(redis, catalogue),
        strategies: loadConfig({}).onConflict,
        ...(heldBytes === undefined ? {} : { heldBytes }),
      });
      let failures = fails ? 3 : 0;
      for (let found = await pass.step(); found !== undefined; found = await pass.step())
        if (found.nominated.size > 0 && failures-- > 0) pass.repeat();
      expect(Object.fromEntries(pass.skipped)).toEqual({ user: ids / 3 });
      expect(Object.fromEntries(pass.differences)).toEqual({ user: ids / 3 });
    } finally {
      redis.close();
      postgres.close();
    }
  },
  60_000,
);
