import type { Progress } from '../pipeline/progress';
import type { AliasCheckpoint } from './sink/checkpoint';
import type { AliasSource } from './source/source';

/** How far Redis is behind the changelog; null: not known now. */
export interface AliasLag extends Pick<Progress, 'lagRecords' | 'lagSeconds'> {
  /** Rows the changelog holds, consumed ones of the last day included; null when there is none, too. */
  readonly changelogRows: number | null;
}

export interface LagFacts {
  readonly source: AliasSource | undefined;
  /** Closed by ourselves for a moment, in which nobody else has the file open. */
  readonly folding: boolean;
  /** What Redis has acknowledged. */
  readonly confirmed: AliasCheckpoint | undefined;
}

const unknown: AliasLag = { lagRecords: null, lagSeconds: null, changelogRows: null };

/** Asks the changelog at each look. */
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
    return unknown; // locked at this moment: the lane's own look says so if it lasts
  }
}
