import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readMappingFile } from '../../src/mapping/file/mapping-file';
import { runCli } from '../support/run-cli';
import { temporaryFolder } from '../support/temporary-folder';

const folder = temporaryFolder();
const empty = join(folder, 'empty');
const right = `version: 1
include: [sports-entities, ai-registry]
documents:
  card: { from: teams, key: "card:{id}", hash: [name], where: "name <>\\t''" }
`;
const wrong = `version: 1
documents:
  card: { form: teams, key: "card:{id}", hash: [name], ttl: -1 }
`;

beforeAll(() => {
  mkdirSync(empty);
  writeFileSync(join(folder, 'millrace.yaml'), right);
  writeFileSync(join(folder, 'wrong.yaml'), wrong);
});

const cli = (line: string, env: Readonly<Record<string, string>> = {}, cwd = folder) =>
  runCli(line.split(' '), env, cwd);

describe('config check', () => {
  test('of a file that is in order says what is in it', async () => {
    const { code, output } = await cli('config check');
    expect(code).toBe(0);
    expect(output).toBe(`millrace.yaml is in order.
  documents: entity-team, entity-player, entity-league, entity-market, card
  the kinds of ai-registry
`);
  });

  test('tells all problems as file:line:column, of the file that is named, by flag, by argument or by setting', async () => {
    const said = `wrong.yaml:3:11: documents.card.form: is no word of this file: did you mean from?
wrong.yaml:3:61: documents.card.ttl: must be a whole number from 1 to 2000000000, and is -1
2 problems.
`;
    for (const named of ['config check wrong.yaml', 'config check --config wrong.yaml'])
      expect(await cli(named)).toEqual({ code: 1, output: said });
    expect(await cli('config check', { MILLRACE_CONFIG: 'wrong.yaml' })).toEqual({ code: 1, output: said });
  });

  test('and in JSON', async () => {
    const { code, output } = await cli('config check wrong.yaml --json');
    expect(code).toBe(1);
    expect(JSON.parse(output)).toEqual({
      file: 'wrong.yaml',
      ok: false,
      problems: [
        {
          file: 'wrong.yaml',
          line: 3,
          column: 11,
          message: expect.stringContaining('did you mean from?') as string,
        },
        { file: 'wrong.yaml', line: 3, column: 61, message: expect.stringContaining('and is -1') as string },
      ],
    });
    expect(JSON.parse((await cli('config check --json')).output)).toMatchObject({
      ok: true,
      problems: [],
      aliasTables: [],
    });
  });

  test('refuses a file without mappings, as everything else does', async () => {
    writeFileSync(join(folder, 'bare.yaml'), 'version: 1\n');
    const said = 'has no mappings: write documents or records, or include what is built in';
    expect(await cli('config check bare.yaml')).toEqual({
      code: 1,
      output: `bare.yaml:1:1: ${said}\nOne problem.\n`,
    });
    const { code, output } = await cli('config show --config bare.yaml');
    expect([code, output]).toEqual([1, expect.stringContaining(said)]);
    expect(output).toContain('`millrace config check`');
  });

  test('knows the tables of ALIAS_TABLES, and leaves other settings to others', async () => {
    const { code, output } = await cli('config check', { ALIAS_TABLES: 'card=t', REDIS_PORT: 'x' });
    expect([code, output]).toEqual([
      1,
      expect.stringContaining('4:3: documents.card: another mapping is named card'),
    ]);
  });

  test('without a file, or with one that cannot be read, says so', async () => {
    const none = await cli('config check', {}, empty);
    expect([none.code, none.output]).toEqual([
      1,
      expect.stringContaining('there is no millrace.yaml in this folder (E_CONFIG)'),
    ]);
    const absent = await cli('config check no.yaml');
    expect([absent.code, absent.output]).toEqual([
      1,
      expect.stringContaining('no.yaml cannot be read: there is no such file'),
    ]);
  });
});

describe('config show', () => {
  test('prints the mappings in force, and where each is from: a file that says the same', async () => {
    const { code, output } = await cli('config show', { ALIAS_TABLES: 'club=clubs(club,name)' });
    expect(code).toBe(0);
    expect(output).toMatch(
      /^# \S+\/millrace\.yaml, and what it includes\.\n# ai-registry, built in: model, dataset/,
    );
    expect(output).toContain(
      '  # ALIAS_TABLES\n  club:\n    from: clubs\n    key: alias:club:{name}\n    list: club\n',
    );
    expect(output).toContain('  # sports-entities, built in\n  entity-team:\n    from: teams\n');
    expect(output).toMatch(/ {2}# \S+\/millrace\.yaml\n {2}card:\n/);
    const read = readMappingFile(output, 'shown.yaml');
    expect('problems' in read ? read.problems : read.documents.map(({ name }) => name)).toEqual([
      ...['club', 'entity-team', 'entity-player', 'entity-league', 'entity-market'],
      'card',
    ]);
  });

  test('without a file: what is built in', async () => {
    const { code, output } = await cli('config show', {}, empty);
    expect(code).toBe(0);
    expect(output).toContain('# No file of mappings: what is built in.\n');
    expect(output).toContain('  # sports-aliases, built in\n  team:\n    from: team_aliases\n');
    const { file, kinds } = JSON.parse((await cli('config show --json', {}, empty)).output) as Record<
      string,
      unknown
    >;
    expect([file, kinds]).toEqual([null, expect.arrayContaining(['model', 'prediction'])]);
  });

  test('a file that is wrong is refused, as the daemon refuses it', async () => {
    const { code, output } = await cli('config show --config wrong.yaml');
    expect(code).toBe(1);
    expect(output).toContain('has 2 problems:\n  - wrong.yaml:3:11: documents.card.form');
    expect(output).toContain('(E_CONFIG)');
  });
});
