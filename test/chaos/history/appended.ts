import type { Rewind } from './key-history';

/** Something that was written once, under a name that nothing else has. */
export interface Appended {
  readonly name: string;
  readonly began: number;
  /** When its writer was told that it is done. Undefined: it never was. */
  readonly ended?: number | undefined;
}

export interface AppendedFindings {
  readonly lost: readonly string[];
  readonly duplicated: readonly string[];
  readonly invented: readonly string[];
}

export interface AppendedHistory {
  readonly written: readonly Appended[];
  /** How often each is there at last. */
  readonly found: ReadonlyMap<string, number>;
  /** What was written before such a time is over may be missing: the store that took it has forgotten it. */
  readonly forgets?: readonly Rewind[];
}

/** Judges what was written once and stays. Pure. */
export function judgeAppended(history: AppendedHistory): AppendedFindings {
  const { written, found, forgets = [] } = history;
  const names = new Set(written.map(({ name }) => name));
  const excused = ({ began }: Appended) => forgets.some(({ to }) => began <= to);
  return {
    lost: written
      .filter((one) => one.ended !== undefined && !found.has(one.name) && !excused(one))
      .map(({ name }) => name),
    duplicated: [...found].filter(([, count]) => count > 1).map(([name]) => name),
    invented: [...found.keys()].filter((name) => !names.has(name)),
  };
}
