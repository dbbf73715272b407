import { WalkedNames } from '../../../src/aliases/pass/walked-names';

/** Which names a pass has walked, by the bytes of the keys that a scan has found. */
const asked = (walked: WalkedNames, type: string, name: string): boolean | undefined => {
  const bytes = Buffer.from(`alias:${type}:${name} and more`);
  const from = 7 + Buffer.byteLength(type);
  return walked.of(type)?.(bytes, from, from + Buffer.byteLength(name));
};

test('names are known by their bytes, whatever they are made of and wherever they stand', () => {
  const walked = new WalkedNames();
  const names = ['', 'a', 'aa', 'Ünïcödé', '\u{1F600}', '\u0000', '__proto__', 'x'.repeat(5_000)];
  walked.add('team', names.slice(0, 3));
  walked.add('team', names.slice(3));
  walked.add('player', ['other']);
  for (const name of names) expect(asked(walked, 'team', name)).toBe(true);
  for (const name of ['b', 'ab', 'aaa', 'other', 'Unicode', '\u{1F601}', 'x'.repeat(4_999)])
    expect(asked(walked, 'team', name)).toBe(false);
  expect(asked(walked, 'player', 'other')).toBe(true);
  expect(asked(walked, 'league', 'a')).toBeUndefined();
});

test('names that differ in a letter, or in the order of two, have other marks', () => {
  const walked = new WalkedNames();
  const names = Array.from({ length: 20_000 }, (_, at) => `${at.toString(36)} player ${at * 20}`);
  walked.add('player', names);
  const missing = names.map((name) => `${name.slice(0, -1)}:`);
  const turned = names.map((name) => name.replace('la', 'al'));
  expect([...missing, ...turned].filter((name) => asked(walked, 'player', name) === true)).toEqual([]);
});

test('more than a million names are not held, nor is a mapping whose walk was given up', () => {
  const walked = new WalkedNames();
  const page = Array.from({ length: 10_000 }, (_, at) => String(at));
  walked.add('team', ['a']);
  walked.add('player', page);
  walked.forget('player');
  expect(asked(walked, 'player', '1')).toBeUndefined();
  for (let pages = 0; pages < 100; pages++) walked.add('player', page);
  walked.add('team', ['b']);
  expect(asked(walked, 'team', 'a')).toBeUndefined();
  expect(asked(walked, 'team', 'b')).toBeUndefined();
});
