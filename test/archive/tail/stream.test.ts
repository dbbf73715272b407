import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot, readAsset } from '../../../src/foundation/package-root';
import { changesStream } from '../../../src/writer/keys';
import { StreamFields } from '../../../src/archive/stream/fields';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import { cart, session, user, withRegistry } from '../support/own-records';
import { type Entry, readPage as readPageOf } from '../../../src/archive/tail/stream';

const entry = (id: string, ...fields: readonly (string | Buffer)[]): Entry => [
  Buffer.from(id),
  fields.map((field) => Buffer.from(field)),
];
const fields = new StreamFields(aiRegistry);
const readPage = (entries: readonly Entry[]) => readPageOf(entries, fields);
const letters = (...fields: readonly (string | Buffer)[]) =>
  readPage([entry('1-1', ...fields)]).letters.map(({ key, reason }) => `${key.toString()} ${reason.code}`);

test('a list nominates each of its ids, beside pairs of one id; it counts as many pairs', () => {
  const page = readPage([
    entry('1-1', 'run*', '1 2 18446744073709551616', 'run', 'x 9', 'model*', '007'),
    entry('1-2', 'run', '2', 'run-', '4'),
  ]);
  expect([...(page.nominated.get('run') ?? [])]).toEqual(['1', '2', '18446744073709551616', 'x 9', '4']);
  expect([...(page.nominated.get('model') ?? [])]).toEqual(['007']);
  expect([...(page.deleted.get('run') ?? [])]).toEqual(['4']);
  expect(page).toMatchObject({ position: '1-2', entries: 2, records: 7 });
  expect(page.letters).toEqual([]);
});

test.each(['', '1  2', '1 2 ', '1,2', '1 x', Buffer.from([0x31, 0xff])])(
  'a damaged list is parked as a whole, and what stands beside it counts: %j',
  (value) => {
    expect(letters('run*', value)).toEqual(['millrace:changes 1-1 0 run* E_STREAM_FIELD']);
    const page = readPage([entry('1-1', 'run*', value, 'run', '5')]);
    expect([...(page.nominated.get('run') ?? [])]).toEqual(['5']);
  },
);

test('only kinds have lists', () => {
  expect(letters('counter*', '1')).toEqual(['millrace:changes 1-1 0 counter* E_STREAM_FIELD']);
  expect(letters('*', '1')).toEqual(['millrace:changes 1-1 0 * E_STREAM_FIELD']);
});

test('what came back from Postgres nominates nothing, and its notifications are echoes', () => {
  const page = readPage([entry('1-1', 'prediction~', '7 8', 'prediction', '9')]);
  expect([...(page.nominated.get('prediction') ?? [])]).toEqual(['9']);
  expect(page).toMatchObject({ echoing: [7, 8], records: 3, carried: [], letters: [] });
  expect(letters('prediction~', '1 x')).toEqual(['millrace:changes 1-1 0 prediction~ E_STREAM_FIELD']);
  expect(letters('model~', '1')).toEqual(['millrace:changes 1-1 0 model~ E_STREAM_FIELD']);
});

test('a whole key is a record of whichever kind, or of none', () => {
  const own = new StreamFields(withRegistry(user, session, cart));
  const nominate = (...fields: readonly (string | Buffer)[]) => readPageOf([entry('1-1', ...fields)], own);
  const page = nominate(
    ...[':key', 'user:7', ':key-', 'session:a', ':key.', 'cart:1/x:y', ':key', 'aidb:model:7'],
    ...[':key', 'user:me', ':key', 'aidb:idx:models', ':key', 'aidb::user:8', ':key', '', ':key*', 'user:7'],
    ...[':part-', 'user:8', ':part-', 'aidb:hyperparam:1'],
    ...[':key', `cart:1/${'x'.repeat(16_384)}`],
  );
  const idsOf = (nominations: ReadonlyMap<string, ReadonlySet<string>>) =>
    [...nominations].map(([kind, ids]) => `${kind} ${[...ids].join()}`);
  expect(idsOf(page.nominated)).toEqual([
    ...['user 7,8', 'session a', 'cart 1/x:y', 'model 7', 'hyperparam 1'],
  ]);
  expect([idsOf(page.deleted), idsOf(page.lapsed)]).toEqual([['session a', 'hyperparam 1'], ['cart 1/x:y']]);
  expect(page.unmapped.map((key) => key.slice(0, 20))).toEqual([
    ...['user:me', 'aidb:idx:models', 'aidb::user:8', '', 'cart:1/xxxxxxxxxxxxx'],
  ]);
  expect(page.letters.map(({ key }) => key.toString())).toEqual(['millrace:changes 1-1 8 :key*']);
});

/** All files below a folder of the package. */
const filesOf = (folder: string): readonly string[] =>
  readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|lua|sql)$/.test(name))
    .map((name) => join(folder, name));

test('the name of the stream is stated once in TypeScript and once in Lua, and these are the same', () => {
  const named = filesOf('src').filter((file) => /['"]millrace:changes['"]/.test(readAsset(file)));
  expect(named.sort()).toEqual(['src/writer/functions/keys.lua', 'src/writer/keys.ts']);
  expect(readAsset('src/writer/functions/keys.lua')).toContain(`local changes = '${changesStream}'\n`);
});

test('no kind is told by its name but in its catalogue', () => {
  const names = new RegExp(`(===|!==|\\.get\\(|\\.of\\() ?'(${[...aiRegistry.keys()].join('|')})'`);
  const files = filesOf('src/archive').filter((file) => file.endsWith('.ts'));
  expect(files.filter((file) => names.test(readAsset(file)))).toEqual([]);
});
