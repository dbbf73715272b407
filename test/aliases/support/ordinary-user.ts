import { spawn } from 'node:child_process';
import { type CliRun, cliPath } from '../../support/cli';

/** What root would be allowed anyway is tried as nobody. */
const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

/** Starts `millrace …` as a user whom file permissions stop. Kill it, or await its end. */
export function startAsOrdinaryUser(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
): CliRun {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [cliPath, ...args], { ...nobody, cwd, env: { PATH, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.on('close', (code) => {
      resolve({ code, output });
    });
  });
  return { child, output: () => output, ended };
}
