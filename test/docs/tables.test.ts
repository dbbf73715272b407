import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow } from '../support/files';
import { type Option, options } from '../../src/config/options';

const read = (path: string): string => readFileSync(join(__dirname, '..', '..', path), 'utf8');

const { settingsPage } = jest.requireActual<{ settingsPage: (table: typeof options) => string }>(
  '../../.ci/docs.cjs',
);

test('docs/settings.md is what `npm run docs` makes of the options', () => {
  expect(read('docs/settings.md')).toBe(settingsPage(options));
});

test('the table of settings lists every setting with its flag and its default, and no other', () => {
  const rows = [
    ...read('docs/settings.md').matchAll(/^\| `(\w+)` +\| (?:`(--[\w-]+)`)? *\| (.*?) *\| (.*?) *\|$/gm),
  ];
  const settings = Object.values<Option>(options);
  expect(rows.map((row) => row[1]).sort()).toEqual(settings.map((option) => option.env).sort());
  for (const [, env, flag, fallback = '', meaning = ''] of rows) {
    const option = settings.find((other) => other.env === env);
    expect([env, flag]).toEqual([env, option?.flag?.split(' ')[0]]);
    if (option?.fallback) expect([env, fallback]).toEqual([env, `\`${option.fallback}\``]);
    expect(meaning.replaceAll('`', '')).toContain(option?.help);
  }
});

test('docs/errors.md explains every error code in the source, and no other', () => {
  const inSource = new Set(
    filesBelow('src', '.ts').flatMap((path) =>
      [...read(path).matchAll(/'(E_[A-Z_]+)'/g)].map((match) => match[1]),
    ),
  );
  const inDocs = [...read('docs/errors.md').matchAll(/^\| (E_[A-Z_]+)/gm)].map((match) => match[1]);
  expect(inDocs.sort()).toEqual([...inSource].sort());
});

test('docs/01-vocabulary.md explains the words of this code, each once', () => {
  const bold = read('docs/01-vocabulary.md').match(/\*\*[^*]+\*\*/g) ?? [];
  const words = bold.flatMap((text) => text.replace(/[*.:]/g, '').toLowerCase().split(/[,;] /));
  expect(words.filter((word, at) => words.indexOf(word) !== at)).toEqual([]);
  expect(words).toEqual(
    expect.arrayContaining([
      ...[
        'pump',
        'lane',
        'relay',
        'standing',
        'follower',
        'echo',
        'carried',
        'letter',
        'batch',
        'page',
        'chunk',
      ],
      ...[
        'sink',
        'applier',
        'look-up',
        'claim',
        'holder',
        'counterpart',
        'kept',
        'altered',
        'unfit',
        'misfit',
      ],
      ...['unserved', 'breaker', 'refusal', 'finding', 'left out', 'left behind', 'witness', 'lapsed'],
      ...[
        'shape',
        'packed',
        'ground',
        'to fold',
        'life',
        'stamp',
        'guest',
        'heir',
        'direct',
        'stale',
        'to vouch',
      ],
    ]),
  );
});

test('docs/dependencies.md says of every dependency why it is there', () => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
    string,
    Record<string, string>
  >;
  const text = read('docs/dependencies.md');
  const types = /^@types\/|^@eslint\/js$|^@swc\/core$/; // come with what they type, lint or compile for
  for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
    if (!types.test(name)) expect(text).toContain(name);
  }
});
