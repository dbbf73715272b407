import { mappingsOf } from '../../src/config/mappings';
import { RecordWriter } from '../../src/writer/record-writer';
import { startDaemon } from '../support/daemon';
import { useArchive } from './support/archive';
import { ownArchive } from './support/own-records';

const read = mappingsOf(
  `version: 1
records:
  tag: { key: 'tags:{doc}', table: tags, each: member, columns: { tag: $member }, on_delete: delete }
  setting: { key: 'settings:{id}', table: settings, each: field, columns: { name: $field, value: $value }, on_delete: delete }
`,
  'items.yaml',
  { aliasTables: undefined, catalogue: new Map() },
);
if ('problems' in read) throw new Error(JSON.stringify(read.problems));

const archive = useArchive();
const own = ownArchive(archive, read.catalogue);
const tags = 'SELECT doc, tag FROM tags ORDER BY 1, 2';
const settings = 'SELECT id, name, value FROM settings ORDER BY 1, 2';

test('what is put into a key and taken out of it by the functions reaches Postgres though nobody hears it', async () => {
  await startDaemon({ POSTGRES_URL: archive.postgres.url }, { config: own.config({ MIRROR: 'off' }) });
  const writer = new RecordWriter(archive.redis.url);
  await writer.write('tags:a', 'SADD', 'x', 'y', 'z');
  await writer.write('tags:b', 'SADD', 'x');
  await writer.hset('settings:1', { theme: 'dark', size: 3 });
  await archive.becomes(tags, ['a|x', 'a|y', 'a|z', 'b|x']);
  await archive.becomes(settings, ['1|size|3', '1|theme|dark']);
  expect(await writer.write('tags:a', 'SREM', 'y')).toBe(1);
  expect(await writer.write('settings:1', 'HDEL', 'size')).toBe(1);
  await archive.becomes(tags, ['a|x', 'a|z', 'b|x']);
  await archive.becomes(settings, ['1|theme|dark']);
  expect(await writer.write('tags:b', 'SPOP')).toBe('x');
  expect(await writer.del('settings:1')).toBe(1);
  await archive.becomes(tags, ['a|x', 'a|z']);
  await archive.becomes(settings, []);
  writer.close();
}, 60_000);
