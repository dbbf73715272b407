import { createInterface } from 'node:readline/promises';
import { harmless } from '../foundation/harmless';

/** Asks a question on the terminal; anything but y or yes means no. @returns undefined: there is no terminal */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  const gone = new AbortController();
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl+C and Ctrl+D close the interface; without this the question would never be answered.
  terminal.once('close', () => {
    gone.abort();
  });
  try {
    const answer = await terminal.question(`${harmless(question)} [y/N] `, {
      signal: AbortSignal.any([signal, gone.signal]),
    });
    return /^\s*y(es)?\s*$/i.test(answer);
  } catch (error) {
    if (signal.aborted || gone.signal.aborted) return false;
    throw error;
  } finally {
    terminal.close();
  }
}
