import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describeError, fatal } from '../foundation/errors';

/** A program for people (psql, redis-cli). It gets passwords by its environment, for everybody can see arguments. */
export interface Client {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Runs the program in this terminal, to its end. @returns its exit code */
export async function runClient({ program, args, env }: Client, signal: AbortSignal): Promise<number> {
  // Ctrl+C is meant for the client, which may only cancel a query: we must not end before it does.
  process.removeAllListeners('SIGINT').on('SIGINT', () => undefined);
  const child = spawn(program, [...args], { stdio: 'inherit', env: { ...process.env, ...env }, signal });
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    return code ?? 1;
  } catch (cause) {
    if (signal.aborted) return 1;
    throw noClient(`${program} cannot be started: ${describeError(cause).message}`, '', cause);
  }
}

export const noClient = (what: string, hint: string, cause?: unknown) =>
  fatal(what, { code: 'E_NO_CLIENT', hint: hint || 'Install it anew, or use any other client.', cause });
