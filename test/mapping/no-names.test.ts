import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/foundation/package-root';
import { aiRegistry } from '../../src/mapping/ai-registry';
import { defaultMappings } from '../../src/mapping/alias-tables';
import { registryStart } from '../../src/mapping/kinds';
import { filesBelow } from '../support/files';

/** Rooms and files that are about them: the writers' library and its functions, the demo and the sample, texts for people. */
const about = [
  'src/writer/',
  'src/demo/',
  'src/index.ts', // what the library hands out of the writers'
  'src/embedded/sample-db.sql',
  'src/mapping/statistics.ts', // the lines of the documents' statistics
  'src/commands/', // examples, and flags that are called so
  'src/config/options.ts', // help
];

/** Names that are words of other things, too: of the file's version, of a label, of the verb `run`, of the DOM's datasets. */
const common = ['model', 'models', 'dataset', 'datasets', 'version', 'run', 'metric', 'metrics'];
const elsewhere: Readonly<Record<string, string>> = {
  'src/mapping/file/mapping-file.ts': 'version',
  'src/metrics/metrics.ts': 'version',
  'src/terminal/usage.ts': 'run',
};

const kinds = [...aiRegistry.values()];
const tables = [...kinds, ...defaultMappings].map(({ table }) => table);
const rare = [...kinds.map(({ name }) => name), ...tables].filter((name) => !common.includes(name));

/** What a file says without its comments, where an example may have a name. */
function code(file: string): string {
  const text = readFileSync(join(packageRoot, file), 'utf8');
  return /\.(lua|sql)$/.test(file)
    ? text.replace(/--.*$/gm, '')
    : text.replace(/\/\*[^]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
}

/** The names in a text: a rare one wherever it stands, in an identifier as well; a common one as a text or a key alone. */
function named(text: string): readonly string[] {
  const small = text.toLowerCase();
  const prefix = registryStart(aiRegistry);
  return [
    ...rare.filter((name) => small.includes(name) || small.includes(name.replaceAll('_', ''))),
    ...common.filter((name) => new RegExp(`(['"\`])${name}\\1|:${name}:`).test(text)),
    ...(text.includes(prefix) ? [prefix] : []),
  ];
}

const files = ['.ts', '.lua', '.sql', '.js', '.html'].flatMap((ending) => filesBelow('src', ending));

test('nothing in the source names a kind of the registry, its keys, or a table of aliases: they are in mappings/', () => {
  const found = files
    .filter((file) => !about.some((one) => file.startsWith(one)))
    .flatMap((file) => named(code(file)).map((name) => [file, name] as const))
    .filter(([file, name]) => elsewhere[file] !== name);
  expect(found).toEqual([]);
});

test('a name would be found', () => {
  expect(named("if (kind === 'run')")).toEqual(['run']);
  expect(named('isPrediction')).toEqual(['prediction']);
  expect(named('SELECT 1 FROM team_aliases')).toEqual(['team_aliases']);
  expect(named('`aidb:${kind}`')).toEqual(['aidb:']);
  expect(named("redis.call('GET', 'aidb:model:1')")).toEqual(['model', 'aidb:']);
  expect(files.length).toBeGreaterThan(400);
});
