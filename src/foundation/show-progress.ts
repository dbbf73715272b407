import { harmless } from './harmless';

/** How often the line is written; what is over sooner shows none. */
const everyMs = 300;

/**
 * Shows a line on a terminal that is rewritten in place while something long goes on; does nothing elsewhere.
 * @param read what to show now; undefined: nothing. @returns a function that takes the line away.
 */
export function showProgress(read: () => string | undefined, terminal = process.stderr): () => void {
  if (!terminal.isTTY) return () => undefined;
  const eraseLine = '\r\u001b[K';
  const timer = setInterval(() => {
    const text = read();
    if (text !== undefined) terminal.write(`${eraseLine}  ${harmless(text)} …`);
  }, everyMs);
  return () => {
    clearInterval(timer);
    terminal.write(eraseLine);
  };
}
