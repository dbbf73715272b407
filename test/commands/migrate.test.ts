import { Command } from 'commander';
import { migrateCommand, summary } from '../../src/commands/migrate';
import { testRedis, type TestRedis } from '../support/stores';
import { emptyDatabase, fingerprint, foundDatabase, paste } from '../archive/schema/support/databases';

let redis: TestRedis;
beforeAll(async () => {
  redis = await testRedis();
});

/** Runs the verb as the CLI does; what it printed, and its exit code. */
async function millrace(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly output: string }> {
  const printed: string[] = [];
  const print = jest
    .spyOn(process.stdout, 'write')
    .mockImplementation((text) => printed.push(String(text)) > 0);
  let code = -1;
  try {
    const program = new Command().exitOverride();
    migrateCommand(program, async (verb) => {
      code = await verb(new AbortController().signal);
    });
    await program.parseAsync(['migrate', '--redis-url', redis.url, ...args], { from: 'user' });
  } finally {
    print.mockRestore();
  }
  return { code, output: printed.join('').trimEnd() };
}

test('migrate tells each thing it did, and loads the function library', async () => {
  const { url } = await foundDatabase();
  const { code, output } = await millrace('--postgres-url', url);
  expect(code).toBe(0);
  for (const line of [
    'schema public:',
    '  adopted table predictions',
    '  created schema millrace',
    '  added column predictions.redis_id',
    '  widened to bigint: datasets.size_bytes',
    '  created BRIN index on predictions (timestamp)',
    'function library loaded',
  ]) {
    expect(output).toContain(line);
  }
  const again = await millrace('--postgres-url', url);
  expect(again.output).toMatch(
    /schema public: everything is in place already\.\n.*function library is current/,
  );
});

test('migrate --dry-run prints a script for psql that does the same, and changes nothing', async () => {
  const { url, admin } = await emptyDatabase();
  const before = await fingerprint(admin);
  const { output } = await millrace('--postgres-url', url, '--dry-run');
  expect(await fingerprint(admin)).toEqual(before);
  await paste(admin, output);
  const after = await millrace('--postgres-url', url, '--dry-run');
  expect(after.output).toBe('-- Everything is in place; only the record of it is missing.');
});

test('a report without anything in it is one line', () => {
  const report = { database: 'd', schema: 's', steps: [], adopted: [], recorded: [], failed: [] };
  expect(summary(report)).toEqual(['Postgres, database d, schema s: everything is in place already.']);
});
