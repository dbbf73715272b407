import { harmless } from './harmless';

/** A pass shorter than this needs no progress line. */
const everyMs = 300;

/**
 * Shows a line that is rewritten in place while something long goes on; nothing where no person watches a terminal.
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
