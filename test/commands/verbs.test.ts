import { Command } from 'commander';
import { verbsFor } from '../../src/commands/verbs';

async function namesFor(first?: string): Promise<string[]> {
  const program = new Command('millrace');
  for (const add of await verbsFor(first)) add(program, () => Promise.resolve());
  return program.commands.map((command) => command.name());
}

test('a verb that is named is loaded alone', async () => {
  const all = await namesFor();
  expect(all).toContain('run');
  for (const name of all.filter((name) => name !== 'completion'))
    expect(await namesFor(name)).toEqual([name]);
});

test.each(['completion', '--help', '--once', 'statsu', 'toString', ''])(
  'all of them are there for `millrace %s`',
  async (first) => {
    expect(await namesFor(first)).toEqual(await namesFor());
  },
);
