import { statSync } from 'node:fs';
import { readTextFile } from '../foundation/text-file';

/** How often a file is read that changes while it is read, and how long in between. */
const attempts = 5;
const betweenMs = 20;
/** What is longer is no file of settings, and would only fill the memory. */
const maxBytes = 16 * 1024 ** 2;

export interface StableText {
  readonly text: string;
  readonly mtimeMs: number;
}

/**
 * Reads a text file whole: if somebody writes it meanwhile, again, so that no half of one version is taken for a file.
 * @throws an Error that says why not, and quotes nothing of the file
 */
export function readStable(path: string, read: (path: string) => string = readTextFile): StableText {
  for (let attempt = 1; ; attempt++) {
    const before = stateOf(path);
    const text = read(path);
    const after = stateOf(path);
    if (before.mark === after.mark) return { text, mtimeMs: after.mtimeMs };
    if (attempt === attempts) throw new Error('it changes while it is read: try again when it is written');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, betweenMs);
  }
}

function stateOf(path: string): { readonly mark: string; readonly mtimeMs: number } {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) throw new Error('there is no such file');
  if (!stats.isFile()) throw new Error('it is no file');
  if (stats.size > maxBytes) throw new Error(`it has ${stats.size} bytes, which is too much`);
  const { dev, ino, size, mtimeNs } = stats;
  return { mark: [dev, ino, size, mtimeNs].join(), mtimeMs: Number(stats.mtimeMs) };
}
