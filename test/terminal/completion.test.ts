import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import type { RunVerb } from '../../src/commands/options';
import { runCli } from '../support/run-cli';
import { filesBelow } from '../support/files';
import { temporaryFolder } from '../support/temporary-folder';

const folder = temporaryFolder();
const script = async (shell: string): Promise<string> => {
  const { code, output } = await runCli(['completion', shell], {}, folder);
  expect(code).toBe(0);
  return output;
};
const has = (program: string): boolean => {
  const there = spawnSync(program, ['--version']).status === 0;
  if (!there) process.stderr.write(`SKIPPED: no ${program} on this machine\n`);
  return there;
};

const inBash = has('bash') ? test : test.skip;

inBash('a real bash completes verbs, their verbs, flags and choices', async () => {
  const file = join(folder, 'completion.bash');
  writeFileSync(file, await script('bash'));
  /** What is offered for the last word. */
  const offered = (...words: string[]): string[] => {
    const program = `source "$1"; shift; COMP_WORDS=(millrace "$@"); COMP_CWORD=$#; _millrace; printf '%s\\n' "\${COMPREPLY[@]:-}"`;
    const text = execFileSync('bash', ['--norc', '-uc', program, 'bash', file, ...words], {
      encoding: 'utf8',
    });
    return text.split('\n').filter((word) => word !== '');
  };
  expect(offered('st')).toEqual(['status']);
  expect(offered('')).toEqual(
    expect.arrayContaining(['run', 'reconcile', 'doctor', 'trace', 'support-bundle']),
  );
  expect(offered('dead-letters', 're')).toEqual(['retry']);
  expect(offered('dead-letters', 'list', '--k')).toEqual(['--kind']);
  expect(offered('dead-letters', 'list', '--kind', 'pre')).toEqual(['prediction']);
  expect(offered('status', '--w')).toEqual(['--watch']);
  expect(offered('reconcile', '--dry-run', '--o')).toEqual(['--only']);
  expect(offered('reconcile', '--only', 'ar')).toEqual(['archive']);
  expect(offered('capture', 'un')).toEqual(['uninstall']);
  expect(offered('completion', '')).toEqual(expect.arrayContaining(['bash', 'fish', 'zsh']));
  // A value that only its writer knows: left to the shell, which offers files.
  expect(offered('run', '--db', '')).toEqual([]);
  expect(offered('status', '--nothing')).toEqual([]);
});

test.each(['zsh', 'fish'])('%s takes its script', async (shell) => {
  const text = await script(shell);
  expect(text).toContain('dead-letters');
  if (!has(shell)) return;
  const file = join(folder, `completion.${shell}`);
  writeFileSync(file, text);
  execFileSync(shell, ['-n', file]);
});

test('every verb explains itself with examples', async () => {
  let printed = '';
  const program = new Command('millrace').configureOutput({ writeOut: (text) => (printed += text) });
  for (const file of filesBelow('src/commands', '.ts')) {
    const module = (await import(join(__dirname, '..', '..', file))) as Record<
      string,
      (program: Command, run: RunVerb) => void
    >;
    for (const [name, add] of Object.entries(module)) {
      if (name.endsWith('Command')) add(program, () => Promise.resolve());
    }
  }
  expect(program.commands.length).toBeGreaterThan(10);
  for (const verb of program.commands) {
    printed = '';
    verb.outputHelp();
    expect(printed).toMatch(new RegExp(`\\nExamples[^\\n]*:\\n {2}millrace ${verb.name()}`));
  }
});
