import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { monotonicMs } from '../../bench/clock';
import { patience } from '../support/patience';
import type { Appended } from './history/appended';
import type { Write } from './history/key-history';

/** What one transaction does: keys with what they hold afterwards (null: gone), and names of what is written once and stays. */
export interface Deed {
  readonly keys?: readonly (readonly [key: string, value: string | null])[];
  readonly once?: readonly string[];
  /** Keys of records that no table can take: each has to have a letter. */
  readonly parked?: readonly string[];
}

type Line =
  | (Deed & { readonly n: number; readonly began: number })
  | { readonly n: number; readonly ended: number }
  | { readonly n: number; readonly failed: number; readonly why: string; readonly certain: boolean };

/** Whether the store refused a write, so that it was certainly not made. */
export type Refused = (error: unknown) => boolean;

/**
 * A writer's notes, which a kill -9 at any moment leaves whole: a line before each deed, by a write of its own, and a line after it. A deed
 * without the second line may have been done.
 */
export class Journal {
  readonly #file: number;
  #n = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  /** @param refused of an error: nothing was written, for certain @returns whether it was done */
  async note(deed: Deed, work: () => unknown, refused: Refused = () => false): Promise<boolean> {
    const n = ++this.#n;
    this.#write({ n, began: monotonicMs(), ...deed });
    try {
      await work();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#write({ n, failed: monotonicMs(), why, certain: refused(error) });
      return false;
    }
    this.#write({ n, ended: monotonicMs() });
    return true;
  }

  #write(line: Line): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}

export interface Notes {
  readonly keys: ReadonlyMap<string, readonly Write[]>;
  readonly once: readonly Appended[];
  readonly parked: readonly Appended[];
  /** Writes that failed, or took longer than a writer can bear. */
  readonly harmed: readonly string[];
  readonly deeds: number;
}

/** As long as this, on a quiet machine, a writer that waits for a lock or a server is not harmed yet. */
const bearableMs = 2_000;

/** Reads the notes of writers that wrote one after the other. A deed that was refused for certain was never done. */
export function readJournals(paths: readonly string[]): Notes {
  const keys = new Map<string, Write[]>();
  const once: Appended[] = [];
  const parked: Appended[] = [];
  const harmed: string[] = [];
  let deeds = 0;
  const bearable = bearableMs * patience();
  for (const path of paths) {
    for (const { deed, began, end } of deedsOf(path)) {
      deeds++;
      if (end?.why !== undefined) harmed.push(end.why);
      else if (end !== undefined && end.at - began > bearable)
        harmed.push(`a write took ${Math.round(end.at - began)} ms`);
      if (end?.certain === true) continue;
      const ended = end?.why === undefined ? end?.at : undefined;
      for (const [key, value] of deed.keys ?? []) {
        const writes = keys.get(key) ?? [];
        keys.set(key, writes);
        writes.push({ value, began, ended });
      }
      for (const name of deed.once ?? []) once.push({ name, began, ended });
      for (const name of deed.parked ?? []) parked.push({ name, began, ended });
    }
  }
  return { keys, once, parked, harmed, deeds };
}

interface Done {
  readonly deed: Deed;
  readonly began: number;
  readonly end?: { readonly at: number; readonly why?: string; readonly certain?: boolean };
}

function deedsOf(path: string): Done[] {
  const done = new Map<number, Done>();
  if (!existsSync(path)) return [];
  // The last line may be cut: what is not whole was not begun.
  for (const text of readFileSync(path, 'utf8').split('\n').slice(0, -1)) {
    const line = JSON.parse(text) as Line;
    if ('began' in line) done.set(line.n, { deed: line, began: line.began });
    else {
      const begun = done.get(line.n);
      if (begun === undefined) throw new Error(`${path} ends what it has not begun: ${text}`);
      const end =
        'ended' in line ? { at: line.ended } : { at: line.failed, why: line.why, certain: line.certain };
      done.set(line.n, { ...begun, end });
    }
  }
  return [...done.values()];
}
