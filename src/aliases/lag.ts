import type { Progress } from '../pipeline/progress';
import type { AliasCheckpoint } from './sink/checkpoint';
import type { AliasSource } from './source/source';

/** How far Redis is behind the changelog; null: not known now. */
export interface AliasLag extends Pick<Progress, 'lagRecords' | 'lagSeconds'> {
  /** All rows of the changelog, with the applied ones of the last day; null also when there is no changelog. */
  readonly changelogRows: number | null;
}

export interface LagFacts {
  readonly source: AliasSource | undefined;
  /** Whether we have closed the file for a moment to fold its log; nobody else has it open then, so the lag stays what it was. */
  readonly folding: boolean;
  /** The newest checkpoint that Redis has acknowledged. */
  readonly confirmed: AliasCheckpoint | undefined;
}

const unknown: AliasLag = { lagRecords: null, lagSeconds: null, changelogRows: null };

/** Counts the lag, by the changelog. */
export class LagReader {
  #last = unknown;

  read(facts: LagFacts, now: number): AliasLag {
    if (!facts.folding) this.#last = lagOf(facts, now);
    return this.#last;
  }
}

function lagOf({ source, confirmed }: LagFacts, now: number): AliasLag {
  const position = confirmed?.position;
  const changelog = source?.changelog;
  try {
    const changelogRows = changelog?.length() ?? null;
    if (!position || changelog?.id !== position.changelog) return { ...unknown, changelogRows };
    const { rows, oldestAt } = changelog.backlog(position);
    return {
      changelogRows,
      lagRecords: rows,
      lagSeconds: oldestAt === null ? 0 : Math.max(0, now - oldestAt) / 1_000,
    };
  } catch {
    return unknown; // the file is locked at this moment; if that lasts, the lane reports it
  }
}
