import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runCommandLine } from '../../src/commands/command-line';

/** What a process that was awaited would have left: see startCli. */
export interface CliEnd {
  readonly code: number;
  /** Of stdout and stderr, in the order in which it was written. */
  readonly output: string;
}

let before: Promise<unknown> = Promise.resolve();
/** What a test that failed has left running is stopped. */
let stop = new AbortController();
afterEach(() => {
  stop.abort();
  stop = new AbortController();
});

/**
 * Runs `millrace …` to its end in this process, with only these settings and in this folder, as startCli does in one of its own: for
 * tests of what a verb does, says and returns, at a tenth of the price. That each verb ends by itself, as a process, is test/cli.test.ts'.
 * Environment, folder and streams are those of the process: one call is run after the other.
 */
export function runCli(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<CliEnd> {
  const { signal } = stop;
  const end = before.then(() => inPlaceOf({ env, cwd }, () => runCommandLine(args, signal)));
  before = end.catch(() => undefined);
  return end;
}

/** With what belongs to the process replaced while `run` runs. */
async function inPlaceOf(
  { env, cwd }: { readonly env: Readonly<Record<string, string>>; readonly cwd: string },
  run: () => Promise<number>,
): Promise<CliEnd> {
  let output = '';
  // Two, neither of them a terminal: a listener on the one hears nothing of the other.
  const stream = () =>
    new Writable({
      decodeStrings: false,
      write: (chunk: Buffer | string, _encoding, done) => {
        output += chunk.toString();
        done();
      },
    });
  const [stdout, stderr] = [stream(), stream()];
  const was = { console: globalThis.console, env: process.env, cwd: process.cwd() };
  const streams = Object.getOwnPropertyDescriptors(process);
  const { PATH = '', HOME = '' } = process.env;
  Object.defineProperties(process, {
    stdout: { value: stdout, configurable: true },
    stderr: { value: stderr, configurable: true },
  });
  globalThis.console = new Console(stdout, stderr); // what the log writes to
  process.env = { PATH, HOME, ...env };
  process.chdir(cwd);
  try {
    const code = await run();
    return { code, output };
  } finally {
    process.chdir(was.cwd);
    process.env = was.env;
    globalThis.console = was.console;
    setFlagsFromString('--heap-growing-percent=0'); // its default, see collectEarly
    Object.defineProperties(process, { stdout: streams.stdout, stderr: streams.stderr });
  }
}
