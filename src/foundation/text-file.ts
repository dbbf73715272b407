import { readFileSync } from 'node:fs';

/**
 * Reads a text file as people's editors and shells write it: UTF-8, or UTF-16 as PowerShell's `>` writes it, with or without a byte
 * order mark.
 * @throws an Error whose message quotes nothing of the file
 */
export function readTextFile(path: string): string {
  const bytes = readFileSync(path);
  const encoding = encodingOf(bytes);
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new Error(
      encoding === 'utf-8'
        ? `line ${firstWrongLine(bytes)} is not UTF-8: save the file as UTF-8`
        : `it is not whole ${encoding.toUpperCase()}: save it as UTF-8`,
    );
  }
  if (text.includes('\0')) throw new Error('it is not text: save it as UTF-8');
  return text;
}

/** The encoding, told by the byte order mark, or by where the zeroes are: texts begin with something ASCII. */
function encodingOf([first, second]: Uint8Array): string {
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return 'utf-16be';
  return 'utf-8';
}

function firstWrongLine(bytes: Buffer): number {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  for (let from = 0; from < bytes.length; line++) {
    const end = bytes.indexOf(0x0a, from);
    const to = end < 0 ? bytes.length : end + 1;
    try {
      decoder.decode(bytes.subarray(from, to));
    } catch {
      return line;
    }
    from = to;
  }
  return line;
}
