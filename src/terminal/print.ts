import { harmless, harmlessJson } from '../foundation/harmless';

/**
 * Prints lines on stdout; every verb's output goes through here. A string is one line, whatever is in it: text of others can neither end
 * a line nor control the terminal.
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
