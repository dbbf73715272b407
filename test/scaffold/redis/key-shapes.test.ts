import { shapesOf, shapeText } from '../../../src/scaffold/redis/key-shapes';

const shapes = (keys: readonly string[], type = 'hash') =>
  shapesOf(keys.map((key) => ({ key, type }))).map((shape) => `${shapeText(shape)} ${shape.keys.length}`);
const numbered = (count: number, name: (n: number) => string) =>
  Array.from({ length: count }, (_none, n) => name(n));

test('keys that differ in an id have one shape', () => {
  expect(shapes(['user:1', 'user:2', 'user:3', 'order:7', 'order:8'])).toEqual([
    'user:{id} 3',
    'order:{id} 2',
  ]);
});

test.each([
  ['UUIDs', ['s:0f8fad5b-d9cb-469f-a165-70867728950e', 's:7c9e6679-7425-40de-944b-e07fc1f90ae7']],
  ['words at the end', ['s:ada', 's:bob']],
  ['numbers and words', ['s:1', 's:bob']],
  ['a single number', ['s:1']],
])('%s are ids', (_what, keys) => {
  expect(shapes(keys)).toEqual([`s:{id} ${keys.length}`]);
});

test('a literal may follow an id, and several ids are called like what is before them', () => {
  expect(shapes(['user:1:profile', 'user:2:profile'])).toEqual(['user:{id}:profile 2']);
  expect(shapes(['tenants:5:users:7', 'tenants:6:users:8'])).toEqual(['tenants:{tenant}:users:{user} 2']);
  expect(shapes(['pair:1:2', 'pair:3:4'])).toEqual(['pair:{pair}:{id} 2']);
});

test('a few words in the middle are names, many are values', () => {
  const modes = ['live', 'test'];
  expect(shapes(numbered(40, (n) => `app:${modes[n % 2] ?? ''}:${n}`))).toEqual([
    'app:live:{id} 20',
    'app:test:{id} 20',
  ]);
  expect(shapes(numbered(40, (n) => `user:name${n}x:${n}`))).toEqual(['user:{user}:{id} 40']);
});

test('a key that is like no other is a shape of its own; a huge one is none', () => {
  expect(shapes(['config:main', 'lonely', `a:${'1'.repeat(600)}`, ':', ''])).toEqual([
    ': 1',
    'config:main 1',
    'lonely 1',
  ]);
});

test('without colons it is the id at the end that differs', () => {
  const id = '0f8fad5b-d9cb-469f-a165-70867728950e';
  expect(shapes(['user-1', 'user-2', `task-meta-${id}`, 'file/17', id])).toEqual([
    'user-{id} 2',
    `${id} 1`,
    'file/{id} 1',
    'task-meta-{id} 1',
  ]);
});

test('keys of different types or lengths are kept apart', () => {
  const found = shapesOf([
    ...['user:1', 'user:2'].map((key) => ({ key, type: 'hash' })),
    ...['user:3', 'user:1:x'].map((key) => ({ key, type: 'string' })),
  ]);
  expect(found.map((shape) => `${shape.type} ${shapeText(shape)}`)).toEqual([
    'hash user:{id}',
    'string user:{id}',
    'string user:{id}:x',
  ]);
});

test('whether the ids are whole numbers is told of each place', () => {
  const [shape] = shapesOf(
    ['a:1:b:x', 'a:-2:b:y', 'a:9007199254740993:b:007'].map((key) => ({ key, type: 'hash' })),
  );
  expect(shape?.parts).toEqual([
    { literal: 'a' },
    { place: 'a', whole: true },
    { literal: 'b' },
    { place: 'b', whole: false },
  ]);
});
