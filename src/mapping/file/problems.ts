import type { LineCounter } from 'yaml';
import type { Problem } from './value';

const shown = 50;

/** What is wrong in one file. Of a million mistakes, which a file that is no YAML may have, the first ones are kept. */
export class Problems {
  readonly #found: Problem[] = [];
  #more = 0;

  constructor(
    readonly file: string,
    readonly lines: LineCounter,
  ) {}

  /** @param offset where, in characters from the beginning */
  add(offset: number, message: string): void {
    const { line, col } = this.lines.linePos(offset);
    const problem = { file: this.file, line: Math.max(1, line), column: Math.max(1, col), message };
    if (this.#found.length < shown) this.#found.push(problem);
    else this.#more++;
  }

  /** In the order of the file. */
  all(): readonly Problem[] {
    const sorted = this.#found.toSorted((a, b) => a.line - b.line || a.column - b.column);
    const last = sorted.at(-1);
    return this.#more === 0 || last === undefined
      ? sorted
      : [...sorted, { ...last, message: `and ${this.#more} more problems` }];
  }

  get none(): boolean {
    return this.#found.length === 0;
  }
}
