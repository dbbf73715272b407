import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readEnvironment } from '../../src/config/environment';
import { loadConfig } from '../../src/config/load';
import { readStable } from '../../src/config/stable-file';
import { describeError } from '../../src/foundation/errors';
import { readTextFile } from '../../src/foundation/text-file';
import { settleOptions } from '../../src/library/options';
import { aiRegistry } from '../../src/mapping/ai-registry';
import { defaultMappings } from '../../src/mapping/alias-tables';
import { temporaryFolder } from '../support/temporary-folder';

const folder = temporaryFolder();
const file = join(folder, 'm.yaml');
const card = 'documents:\n  card: { from: teams, key: "card:{id}", hash: [name] }\n';

const load = (text: string, environment: Readonly<Record<string, string>> = {}) => {
  writeFileSync(file, text);
  return loadConfig({ MILLRACE_CONFIG: file, ...environment });
};

/** What the configuration is refused with. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    const { code, message } = describeError(error);
    expect(code).toBe('E_CONFIG');
    return message;
  }
  throw new Error('the configuration was taken');
}

test('without a file, what is built in applies, and nobody looks for one but in the working folder', () => {
  const config = loadConfig({});
  expect(config).toMatchObject({ documents: [], mappingsFile: undefined, pipelines: ['aliases', 'archive'] });
  expect([config.aliasTables, config.catalogue]).toEqual([defaultMappings, aiRegistry]);
});

test('a file alone: its documents, and nothing that it does not include', () => {
  const config = load(`version: 1\n${card}`);
  expect(config.documents.map(({ name }) => name)).toEqual(['card']);
  expect(config.aliasTables).toEqual([]);
  expect(config.catalogue.size).toBe(0);
  expect(config.pipelines).toEqual(['aliases']);
  expect(config.mappingsFile).toEqual({ path: file, mtimeMs: expect.any(Number) as number });
});

test('what is included: alias tables, entities, the registry', () => {
  const all = load(`version: 1\ninclude: [sports-aliases, sports-entities, ai-registry]\n${card}`);
  expect(all.documents.map(({ name }) => name)).toEqual([
    ...['entity-team', 'entity-player', 'entity-league', 'entity-market'],
    'card',
  ]);
  expect([all.aliasTables, all.catalogue]).toEqual([defaultMappings, aiRegistry]);
  expect(all.pipelines).toEqual(['aliases', 'archive']);
  expect(load('version: 1\ninclude: [ai-registry]\n').pipelines).toEqual(['archive']);
});

test('ALIAS_TABLES says which alias tables there are, whatever is included', () => {
  for (const include of ['[]', '[sports-aliases]']) {
    const { aliasTables, documents } = load(`version: 1\ninclude: ${include}\n${card}`, {
      ALIAS_TABLES: 'club=clubs',
    });
    expect(aliasTables).toEqual([
      { type: 'club', table: 'clubs', idColumn: 'club_id', aliasColumn: 'alias' },
    ]);
    expect(documents).toHaveLength(1);
  }
});

test('names and keys of what is included are taken', () => {
  const text = `version: 1
include: [sports-aliases, sports-entities, ai-registry]
documents:
  team: { from: t, key: "a:{id}", set: x }
  b: { from: t, key: "alias:player:{id}", set: x }
  c: { from: t, key: "entity:{id}", set: x }
  model: { from: t, key: "aidb:models:{id}", set: x }
`;
  const problems = refusal(() => load(text))
    .split('\n  - ')
    .slice(1);
  expect(problems.map((line) => line.replace(file, 'm.yaml'))).toEqual([
    expect.stringMatching(/^m\.yaml:4:3: documents\.team: another mapping is named team/),
    expect.stringMatching(/^m\.yaml:5:22: .*those of player with "alias:player:"/),
    expect.stringMatching(/^m\.yaml:6:22: .*those of entity-team with "entity:team:"/),
    expect.stringMatching(/^m\.yaml:7:3: documents\.model: another mapping is named model/),
    expect.stringMatching(/^m\.yaml:7:26: .*those of model with "aidb:"/),
  ]);
  // Where they are not included, they are free.
  expect(load(text.replace(/^include.*$/m, '')).documents).toHaveLength(4);
});

test('what is wrong with the file is told with the other problems', () => {
  const message = refusal(() => load('version: 2\ndocument: {}\n', { REDIS_PORT: '0' }));
  expect(message.replaceAll(file, 'm.yaml')).toBe(
    `the configuration has 3 problems:
  - m.yaml:1:10: version: must be 1: a later one is for a later Millrace
  - m.yaml:2:1: document: is no word of this file: did you mean documents?
  - REDIS_PORT="0" must be a whole number from 1 to 65535`,
  );
});

test('where the file alone is wrong, the hint is about the file', () => {
  const hintOf = (text: string, env: Record<string, string> = {}) => {
    try {
      load(text, env);
    } catch (error) {
      return describeError(error).hint;
    }
    return undefined;
  };
  for (const text of ['version: 1\n', 'version: 2\n'])
    expect(hintOf(text)).toContain('`millrace config check`');
  expect(hintOf('version: 2\n', { REDIS_PORT: '0' })).toContain('Settings come from');
});

test('a file that leaves nothing to do is refused', () => {
  expect(refusal(() => load('version: 1\n'))).toContain(
    `${file} has no mappings: write documents or records`,
  );
  expect(refusal(() => load(`version: 1\n${card}`, { MILLRACE_ONLY: 'archive' }))).toContain(
    `${file} has no records and does not include ai-registry, and only archive is to run`,
  );
  expect(refusal(() => load('version: 1\ninclude: [ai-registry]\n', { MILLRACE_ONLY: 'aliases' }))).toContain(
    'has no documents and includes no alias tables, and only cache is to run',
  );
});

test('a file that is named and not there, or is no file, or no text, is refused by its name', () => {
  expect(refusal(() => loadConfig({ MILLRACE_CONFIG: join(folder, 'no.yaml') }))).toContain(
    `MILLRACE_CONFIG="${join(folder, 'no.yaml')}" cannot be read: there is no such file`,
  );
  expect(refusal(() => loadConfig({}, { config: folder }))).toContain(
    `--config="${folder}" cannot be read: it is no file`,
  );
  writeFileSync(file, Buffer.from([0x61, 0x3a, 0xff]));
  expect(refusal(() => loadConfig({}, { config: file }))).toContain('cannot be read: line 1 is not UTF-8');
});

test('the file of the working folder is read unless another one, or none, is named', () => {
  const own = join(folder, 'own');
  mkdirSync(own);
  writeFileSync(join(own, 'millrace.yaml'), `version: 1\n${card}`);
  const from = process.cwd();
  process.chdir(own);
  try {
    expect(loadConfig(readEnvironment()).mappingsFile?.path).toBe(join(process.cwd(), 'millrace.yaml'));
    writeFileSync('millrace.yaml', 'version: 3\n');
    expect(refusal(() => loadConfig(readEnvironment()))).toContain(
      '\n  - millrace.yaml:1:10: version: must be 1',
    );
    writeFileSync('.env', 'MILLRACE_CONFIG=\n');
    expect(loadConfig(readEnvironment()).mappingsFile).toBeUndefined();
    writeFileSync(file, `version: 1\n${card}`);
    expect(loadConfig(readEnvironment(), { config: file }).mappingsFile?.path).toBe(file);
  } finally {
    process.chdir(from);
    rmSync(own, { recursive: true });
  }
});

test('the library has it as an option, and reads no file that nobody names', () => {
  writeFileSync(file, `version: 1\n${card}`);
  const stores = { redisUrl: 'redis://h', dbPath: 'x.db' };
  expect(settleOptions({ ...stores, config: file }, {}).config.documents).toHaveLength(1);
  expect(settleOptions(stores, {}).config.documents).toHaveLength(0);
  expect(refusal(() => settleOptions({ config: join(folder, 'no.yaml') }, {}))).toContain('- config="');
});

describe('a file that changes while it is read', () => {
  /** Reads it, and has somebody write to it at the times named. */
  const whileWritten = (times: number) => {
    let reads = 0;
    writeFileSync(file, 'a');
    const text = readStable(file, (path) => {
      const read = readTextFile(path);
      if (reads++ < times) appendFileSync(file, 'b');
      return read;
    }).text;
    return { text, reads };
  };

  test('is read again, until it is whole', () => {
    expect(whileWritten(0)).toEqual({ text: 'a', reads: 1 });
    expect(whileWritten(2)).toEqual({ text: 'abb', reads: 3 });
  });

  test('or is refused, if that does not end', () => {
    expect(() => whileWritten(1_000)).toThrow('it changes while it is read');
  });
});

test('an endless file is not read', () => {
  writeFileSync(file, Buffer.alloc(17 * 1024 ** 2, '#'));
  expect(() => readStable(file)).toThrow('it has 17825792 bytes, which is too much');
});
