import { execFile } from 'node:child_process';

import { describeError } from '../../foundation/errors';

export interface ProgramResult {
  /** Whether the program could be started and ended with exit code 0. */
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
  /** The user as whom to run the program; for root only. */
  readonly uid?: number;
  readonly gid?: number;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_OUTPUT_BYTES = 32 * 1024 * 1024;

/** Runs a program to its end. Never rejects: whether a program exists and works is what the callers ask. */
export function runProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  const { timeoutMs: timeout = DEFAULT_TIMEOUT_MS, ...rest } = options;
  return new Promise((resolve) => {
    const settings = { ...rest, timeout, maxBuffer: MAX_OUTPUT_BYTES, windowsHide: true };
    try {
      execFile(file, [...args], settings, (error, stdout, stderr) => {
        resolve({
          ok: error === null,
          stdout,
          stderr: stderr === '' && error !== null ? error.message : stderr,
        });
      });
    } catch (error) {
      // Node throws some failures, for example to become another user, instead of reporting them by a callback.
      resolve({ ok: false, stdout: '', stderr: describeError(error).message });
    }
  });
}

/** The last lines of a program's output, for an error message. */
export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

/** Why a program could not be run, as the end of a sentence that begins with its path. */
export function whyItFailed(stderr: string): string {
  const library = /loading shared libraries: ([^:\s]+)/.exec(stderr)?.[1];
  if (library !== undefined) return `needs the library ${library}, which this system lacks`;
  return `does not run: ${lastLines(stderr, 2)}`;
}
