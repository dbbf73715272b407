import { join } from 'node:path';
import { Vouching } from '../../../src/aliases/sink/alias-case';
import { checkpointKey } from '../../../src/aliases/sink/checkpoint';
import { AliasFollower } from '../../../src/aliases/sink/follower';
import { AliasSink } from '../../../src/aliases/sink/sink';
import { installCapture } from '../../../src/aliases/source/install-capture';
import { AliasSource } from '../../../src/aliases/source/source';
import { RedisConnection } from '../../../src/connections/redis';
import { redisTarget } from '../../../src/connections/redis-url';
import { defaultMappings } from '../../../src/mapping/alias-tables';
import { aliasDatabase } from '../../support/alias-database';
import { temporaryFolder } from '../../support/temporary-folder';
import { testRedis, type TestRedis } from '../../support/stores';

/** Instances that follow the same file into the same Redis. */
const folder = temporaryFolder();
let redis: TestRedis;
let source: AliasSource;
const connections: RedisConnection[] = [];

beforeAll(async () => {
  redis = await testRedis();
  const path = join(folder, 'followed.db');
  const db = aliasDatabase(path);
  db.exec("INSERT INTO team_aliases VALUES ('1', 'red')");
  db.close();
  installCapture(path, defaultMappings, 'preserve');
  source = AliasSource.open({ path, mappings: defaultMappings, aliasCase: 'preserve' });
});
afterAll(() => {
  for (const connection of connections) connection.close();
  source.close();
});

async function instance(): Promise<{ readonly sink: AliasSink; readonly follower: AliasFollower }> {
  const target = redisTarget({ host: '127.0.0.1', port: redis.server.port, db: 0 });
  const connection = new RedisConnection(target, 'test');
  connections.push(connection);
  await connection.connect();
  const sink = new AliasSink(connection);
  const vouching = new Vouching(sink, 'preserve', false);
  return {
    sink,
    follower: new AliasFollower({ sink, vouching, before: undefined, renamed: () => undefined }),
  };
}

test('a snapshot from the middle of a pass calls for another one, of whoever is there, also if the one that noticed is gone', async () => {
  const one = await instance();
  const other = await instance();
  expect(await one.follower.look(source)).toMatchObject({ action: 'adopt' });
  expect(await other.follower.look(source)).toMatchObject({ action: 'resume' });
  const before = (await redis.client.get(checkpointKey)) ?? '';
  // As a pass does: the position stays where it is.
  const team = source.truths.get('team');
  if (team === undefined) throw new Error('no table');
  const { keyspace } = team;
  await one.sink.send([{ type: 'team', keyspace, aliases: ['red'], values: team.lookUp(['red']) }]);
  other.sink.reset();
  expect(await other.follower.look(source)).toMatchObject({ action: 'resume', needsPass: false });

  await redis.client.del('alias:team:red');
  await redis.client.set(checkpointKey, before);
  one.sink.reset(); // its connection was lost
  const found = await one.follower.look(source);
  expect(found).toMatchObject({ action: 'renew', needsPass: true });
  expect(found?.incident).toMatch(/went backwards/);
  expect(one.sink.checkpoint?.position).toEqual(other.sink.checkpoint?.position);
  await one.sink.send([]);
  await one.sink.send([]);
  other.sink.reset();
  expect(await other.follower.look(source)).toMatchObject({ action: 'resume', needsPass: true });
});
