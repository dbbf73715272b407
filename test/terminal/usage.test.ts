import { useArchive } from '../archive/support/archive';
import { Command, CommanderError } from 'commander';
import { verbsFor } from '../../src/commands/verbs';
import { usageError, verbOf, withVerb } from '../../src/terminal/usage';
import { endOf, runVerb } from '../ends/support/in-process';
import { runCli } from '../support/run-cli';
import { temporaryFolder } from '../support/temporary-folder';

const archive = useArchive();
const folder = temporaryFolder();

/** All verbs, with nothing behind them, as the command line has them. */
async function program(): Promise<Command> {
  const all = new Command('millrace').exitOverride().configureOutput({
    outputError: () => undefined,
    writeErr: () => undefined,
  });
  for (const add of await verbsFor()) add(all, () => Promise.resolve());
  return all;
}

async function hintFor(said: readonly string[]): Promise<string> {
  const all = await program();
  const args = withVerb(said);
  try {
    await all.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const { message, hint = '', code } = usageError(error, verbOf(all, args), said);
    expect(code).toBe('E_USAGE');
    return `${message} → ${hint}`;
  }
  return 'taken';
}

test.each([
  ['statsu', 'Did you mean status?'],
  ['Status', 'Did you mean status?'],
  ['dead-letter list', 'Did you mean dead-letters?'],
  ['dead-letters lst', 'Did you mean list?'],
  ['dead-letters dorp 1', 'Did you mean drop?'],
  ['capture instal', 'Did you mean install?'],
  ['capture unistall --json', 'Did you mean uninstall?'],
  ['completion bsh', 'Did you mean bash?'],
  ['status --wacth', 'Did you mean --watch?'],
  ['sync', 'Did you mean `millrace reconcile`, or `millrace run --once`?'],
  ['start', 'Did you mean `millrace run`?'],
  ['constructor', '→ `millrace --help` says what there is.'],
  ['toString', '→ `millrace --help` says what there is.'],
  ['quux', "unknown command 'quux' → `millrace --help`"],
  ['capture quuux', 'Allowed choices are install, status, uninstall. → `millrace capture --help`'],
  ['--json status', 'The verb comes first.'],
  ['--db x status', 'The verb comes first.'],
  ['run status', "too many arguments for 'run'"],
])('`millrace %s`: %s', async (line, said) => {
  expect(await hintFor(line.split(' '))).toContain(said);
});

test('without a verb it is run', async () => {
  for (const line of ['', '--once', '--only aliases --once'])
    expect(await hintFor(line.split(' ').filter((word) => word !== ''))).toBe('taken');
  expect(withVerb(['--help'])).toEqual(['--help']);
});

const withTheirs = (verb: Command): readonly Command[] => [verb, ...verb.commands.flatMap(withTheirs)];
const pathOf = (verb: Command): readonly string[] =>
  verb.parent === null ? [] : [...pathOf(verb.parent), verb.name()];

describe('--json is JSON for errors, too', () => {
  /** One document and nothing else, and the code by which a process would end. */
  const errorOf = async (args: readonly string[], env: Readonly<Record<string, string>>) => {
    const { code, output } = await runCli(args, env, folder);
    const error = JSON.parse(output) as { code: string; message: string; hint: string };
    expect(error).toEqual({
      code: expect.stringMatching(/^(E_|\d)/) as string,
      message: expect.any(String) as string,
      hint: expect.any(String) as string,
    });
    return { exit: code, code: error.code };
  };
  /** Findings are what doctor is for; the others open nothing. */
  const storeless = new Set(['doctor', 'config check', 'config show']);
  const needed: Readonly<Record<string, string>> = {
    capture: 'status',
    trace: 'aidb:model:1',
    'dead-letters show': '1',
    'dead-letters retry': '--all',
    'dead-letters drop': '--all --yes',
    retention: '--days 90',
  };

  test('every verb that has it leaves its errors to what tells them so: a store that is not named, one that is not reached', async () => {
    const [from, before] = [process.cwd(), { ...process.env }];
    const verbs = withTheirs(await program()).filter(
      (verb) => !storeless.has(pathOf(verb).join(' ')) && verb.options.some(({ long }) => long === '--json'),
    );
    const paths = verbs.map((verb) => pathOf(verb).join(' '));
    expect(paths).toEqual(
      expect.arrayContaining(['status', 'reconcile', 'dead-letters drop', 'capture', 'warm']),
    );
    const codeOf = (line: string, env: Readonly<Record<string, string>>) => {
      process.env = { ...before, MILLRACE_DIR: folder, ...env };
      return endOf(line, runVerb(line, {}), 30_000);
    };
    const away = { REDIS_URL: 'redis://127.0.0.1:1', POSTGRES_URL: 'postgresql://u:p@127.0.0.1:1/d' };
    jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    process.chdir(folder);
    try {
      for (const path of paths) {
        const line = `${path} ${needed[path] ?? ''} --json`.replace('  ', ' ');
        expect((await codeOf(line, {})).result).toMatch(/^E_(NO_STORES|POSTGRES_URL|DB_MISSING)$/);
        const unreached = await codeOf(line, path === 'capture' ? { DB_PATH: '/nowhere.db' } : away);
        expect(unreached.result).toMatch(/^(E_(PG|REDIS)_UNREACHABLE|E_DB_MISSING)$/);
      }
    } finally {
      process.chdir(from);
      process.env = before;
      jest.restoreAllMocks();
    }
  }, 60_000);

  test('of wrong words', async () => {
    const wrong = [['reconcile', '--nope'], ['statsu'], ['dead-letters', 'lst'], ['status', '--watch', '0']];
    const told = await Promise.all(wrong.map((words) => errorOf([...words, '--json'], {})));
    expect(told).toEqual(wrong.map(() => ({ exit: 1, code: 'E_USAGE' })));
  });

  test('and of what is found out late', async () => {
    const { REDIS_URL = '', POSTGRES_URL = '' } = archive.environment();
    const env = { REDIS_URL, POSTGRES_URL };
    await (await archive.start()).stop();
    const letters = await errorOf(['dead-letters', 'show', '9', '--json'], env);
    expect(letters).toEqual({ exit: 1, code: 'E_NO_LETTERS' });
    const key = await errorOf(['trace', 'nothing', '--json'], env);
    expect(key).toEqual({ exit: 1, code: 'E_TRACE_KEY' });
    const wrong = await errorOf(['status', '--json'], { ...env, SYNC_INTERVAL: 'often' });
    expect(wrong).toEqual({ exit: 1, code: 'E_CONFIG' });
  });
});
