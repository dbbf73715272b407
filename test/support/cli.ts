import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { eventually } from './eventually';

const root = join(__dirname, '..', '..');

/** The built command line; npm's pretest builds it. */
export const cliPath = join(root, 'dist', 'src', 'cli.js');

/** What Node made of the modules of a process is there for the next one: hundreds of them are started. */
export const compiled = join(root, 'node_modules', '.cache', 'millrace-test');

export interface CliRun {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Its exit code (null when a signal ended it) and everything it printed. */
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
}

const running = new Set<ChildProcess>();
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts `millrace …` with only these settings, in a folder of its own. */
export function startCli(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
): CliRun {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [cliPath, ...args], {
    cwd,
    env: { PATH, HOME, NODE_COMPILE_CACHE: compiled, ...env },
  });
  running.add(child);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.on('close', (code) => {
      running.delete(child);
      resolve({ code, output });
    });
  });
  return { child, output: () => output, ended };
}

/** Waits until the daemon's first full pass is complete: on a busy machine the start of a process alone takes seconds. */
export const firstPass = (run: CliRun): Promise<void> =>
  eventually(() => run.output().includes('Sync complete'), { alive: run.ended, within: 30_000 });
