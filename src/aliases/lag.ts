import type { AliasLane } from './lane';
import type { Progress } from '../pipeline/progress';

/** How far Redis is behind the changelog; null: not known now. */
export interface AliasLag extends Pick<Progress, 'lagRecords' | 'lagSeconds'> {
  /** Rows the changelog holds, consumed ones of the last day included; null when there is none, too. */
  readonly changelogRows: number | null;
}

const unknown: AliasLag = { lagRecords: null, lagSeconds: null, changelogRows: null };

/** Asks the changelog at each look. */
export class LagReader {
  #last = unknown;

  read(lane: AliasLane, now: number): AliasLag {
    // Closed by ourselves for a moment, in which nobody else has the file open.
    if (lane.keeper.folding) return this.#last;
    return (this.#last = lagOf(lane, now));
  }
}

function lagOf({ sink, keeper }: AliasLane, now: number): AliasLag {
  const position = sink.confirmed?.position;
  const changelog = keeper.source?.changelog;
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
