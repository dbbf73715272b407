import { harmless, harmlessJson } from '../foundation/harmless';

/**
 * Where every verb's output goes through. A string is one line, whatever is in it: nothing of others ends a line, or says anything to
 * the terminal.
 */
export function print(lines: string | readonly string[]): void {
  process.stdout.write(formed(lines));
}

/** Prints lines on stderr, as `print` does on stdout. */
export function complain(lines: string | readonly string[]): void {
  process.stderr.write(formed(lines));
}

/** Prints a line of JSON on stdout. */
export function printJson(value: unknown): void {
  process.stdout.write(`${harmlessJson(value)}\n`);
}

const formed = (lines: string | readonly string[]): string =>
  (typeof lines === 'string' ? [lines] : lines).map((line) => `${harmless(line)}\n`).join('');
