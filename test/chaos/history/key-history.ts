/** What a writer did to a key. */
export interface Write {
  /** What it holds from then on; null: it is gone. */
  readonly value: string | null;
  /** When the writer began, in milliseconds of the machine's clock. */
  readonly began: number;
  /** When it was told that it is done. Undefined: it never was, and the write may have been made, or not. */
  readonly ended?: number | undefined;
}

/** What a reader saw at a key. */
export interface Sight {
  readonly value: string | null;
  readonly at: number;
}

/** A time in which what is read may go back, for its truth did: a snapshot, a flush. One without an end is that of a follower: once, whenever it hears of it. */
export interface Rewind {
  readonly from: number;
  readonly to: number;
}

/** When a store's truth may have gone back. */
export interface Rewinds {
  /** What is read may go back in each. */
  readonly backwards?: readonly Rewind[];
  /** What was written before such a time is over may be forgotten. */
  readonly forgets?: readonly Rewind[];
}

/** What was done to one key, by one writer after the other, and what was seen of it, by one reader; both in order. */
export interface KeyHistory {
  readonly key: string;
  readonly writes: readonly Write[];
  readonly sights: readonly Sight[];
}

export interface KeyFindings {
  /** Sights of something older than what had been seen before. */
  readonly backwards: readonly string[];
  /** Sights of what nobody had written by then. */
  readonly invented: readonly string[];
  /** The last sight is older than the last write that its writer was told of. */
  readonly lost: readonly string[];
}

/**
 * Judges a key's history. Each sight is taken for the earliest write that it can be of, so that what several writes have left alike (an
 * absence, above all) is never called backwards unless it must be. Before the first write the key is absent. Pure.
 */
export function judgeKey(
  { key, writes, sights }: KeyHistory,
  { backwards: rewinds = [], forgets = [] }: Rewinds = {},
): KeyFindings {
  const findings = { backwards: [] as string[], invented: [] as string[], lost: [] as string[] };
  const states: readonly Write[] = [{ value: null, began: -Infinity, ended: -Infinity }, ...writes];
  let reached = 0;
  const at = (sight: Sight, from: number) =>
    states.findIndex(
      ({ value, began }, index) => index >= from && value === sight.value && began <= sight.at,
    );
  let before = -Infinity;
  const unheard = rewinds.filter(({ to }) => to === Infinity);
  const hears = (sight: Sight) => {
    const heard = unheard.findIndex(({ from }) => from <= sight.at);
    return heard >= 0 && unheard.splice(heard, 1).length > 0;
  };
  let last: { readonly index: number; readonly value: string | null } | undefined;
  for (const sight of sights) {
    if (rewinds.some(({ from, to }) => to < Infinity && from <= sight.at && before <= to)) reached = 0;
    before = sight.at;
    let index = at(sight, reached);
    if (index < 0 && at(sight, 0) >= 0 && hears(sight)) index = at(sight, 0);
    last = { index, value: sight.value };
    if (index >= 0) reached = index;
    else if (at(sight, 0) >= 0) {
      findings.backwards.push(`${key}: ${say(sight.value)} after ${say(states[reached]?.value)}`);
      last = { index: at(sight, 0), value: sight.value };
    } else findings.invented.push(`${key}: ${say(sight.value)}`);
  }
  const told = states.findLastIndex(
    ({ began, ended }) => ended !== undefined && !forgets.some(({ to }) => began > -Infinity && began <= to),
  );
  // An absence is as good as any later one: it may be that of the last write.
  if (last !== undefined && !states.some(({ value }, index) => index >= told && value === last.value)) {
    findings.lost.push(`${key}: ${say(last.value)} instead of ${say(states[told]?.value)}`);
  }
  return findings;
}

const say = (value: string | null | undefined): string => value ?? 'no key';
