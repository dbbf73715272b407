import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/foundation/package-root';
import { monotonicMs } from './clock';

export const cli = join(packageRoot, 'dist', 'src', 'cli.js');

/** These settings and none of the caller's. Under npm's name, so that what runs ends when this process is gone: see stop-signal.ts. */
export const environment = (settings: Readonly<Record<string, string>>): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  npm_lifecycle_event: 'bench',
  LOG_FORMAT: 'json',
  ...settings,
});

/** The most memory that the process ever held, as the kernel counted it; 0 where the kernel does not tell (not Linux), or it is gone. */
export function peakMb(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid ?? 0}/status`, 'utf8');
    const kb = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0; // a process that has ended, and was not waited for, has none
    return (Number(kb) * 1_024) / 1e6;
  } catch {
    return 0;
  }
}

const peakEveryMs = 20;

/** Runs a verb of the command line to its end, as a process of its own. @returns how long, from its start to its end. @throws if it fails */
export async function runCli(
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
  folder: string,
): Promise<{ readonly ms: number; readonly peakMb: number }> {
  const start = monotonicMs();
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: folder, // no .env there
    env: environment(settings),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  let peak = 0;
  const looking = setInterval(() => (peak = Math.max(peak, peakMb(child.pid))), peakEveryMs);
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    const ms = monotonicMs() - start;
    if (code !== 0)
      throw new Error(`millrace ${args.join(' ')} ended with ${String(code)}: ${stderr.trim()}`);
    return { ms, peakMb: peak };
  } finally {
    clearInterval(looking);
  }
}
