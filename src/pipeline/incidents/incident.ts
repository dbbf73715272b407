import { z } from 'zod';

/** The stores that can be away. */
export type StoreName = 'SQLite' | 'Redis' | 'Postgres';

/** Something that should not have happened. */
export interface Incident {
  /** The same in every store that keeps this incident. */
  readonly id: string;
  /** When it happened, or began, in milliseconds since 1970. */
  readonly at: number;
  /** What happened, in words; of an outage which store, and the reason with which it began. */
  readonly what: string;
  /** host:pid of the daemon that saw it: for people. */
  readonly by: string;
  /** null for an incident of a moment. */
  readonly outage: Outage | null;
}

/** What an incident has that lasts. */
export interface Outage {
  /** null: the failure is not one of a store. */
  readonly store: StoreName | null;
  readonly code: string;
  /** null: the outage goes on. */
  readonly endedAt: number | null;
  /** When it was last known to go on. If no daemon has seen its end, this counts as the end. */
  readonly seenAt: number;
  /** How often it has come, at least: an outage that comes again within ten minutes is the same one. */
  readonly times: number;
  /** When the last change before the outage was applied, if the daemon that saw the outage began in the middle of it; else null. */
  readonly lastAppliedAt: number | null;
}

/** An outage that comes again within this time is the same one. */
export const sameMs = 600_000;
/** An outage that nobody has confirmed for this long is over: the daemon that saw it has ended. */
const forsakenMs = 150_000;
/** How long a store keeps an incident. */
const keptMs = 30 * 86_400_000;
const keptAtMost = 100;

/** A time in a store, to which others may write: printing an invalid one would end the process. */
const time = z.number().min(0).max(8.64e15);
const longestText = 1_000;
const text = z.string().transform((whole) => whole.slice(0, longestText));

const schema = z.array(
  z.object({
    id: text,
    at: time,
    what: text,
    by: text,
    outage: z
      .object({
        store: z.enum(['SQLite', 'Redis', 'Postgres']).nullable(),
        code: text,
        endedAt: time.nullable(),
        seenAt: time,
        times: z.int32().min(1),
        lastAppliedAt: time.nullable(),
      })
      .nullable(),
  }),
);

/** Reads incidents from a store's JSON; anything else than a list of incidents counts as an empty one. */
export function parseIncidents(text: string): readonly Incident[] {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return [];
  }
}

/** The key by which an outage that comes again is recognised. */
export const incidentKey = ({ store, code }: Pick<Outage, 'store' | 'code'>): string => store ?? code;

/** The store that a failure is about, by its code (docs/errors.md). */
export function storeOf(code: string): StoreName | null {
  if (/^E_(PG|POSTGRES)(_|$)/.test(code)) return 'Postgres';
  if (/^E_(REDIS|REPLY)(_|$)/.test(code)) return 'Redis';
  return /^(E_DB_|SQLITE_)/.test(code) ? 'SQLite' : null;
}

const endOf = ({ endedAt, seenAt }: Outage): number => endedAt ?? seenAt;

/**
 * Merges lists of incidents, of stores and of daemons, the oldest first. The order and the number of merges do not matter. An outage that
 * several daemons see is one outage. Bounded in number and age. Pure.
 */
export function mergeIncidents(lists: readonly (readonly Incident[])[], now: number): readonly Incident[] {
  const known = new Map<string, Incident>();
  for (const one of lists.flat()) {
    const other = known.get(one.id);
    known.set(one.id, other === undefined ? one : joined(other, one));
  }
  const merged: Incident[] = [];
  const last = new Map<string, number>();
  for (const one of [...known.values()].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))) {
    const key = one.outage === null ? undefined : incidentKey(one.outage);
    const index = key === undefined ? undefined : last.get(key);
    const before = index === undefined ? undefined : merged[index];
    if (index !== undefined && before?.outage && one.at - endOf(before.outage) <= sameMs) {
      merged[index] = joined(before, one);
    } else {
      if (key !== undefined) last.set(key, merged.length);
      merged.push(one);
    }
  }
  return merged
    .map((one) => forsaken(one, now))
    .filter(({ at, outage }) => (outage === null ? at : endOf(outage)) > now - keptMs)
    .slice(-keptAtMost);
}

/** One incident of two that are the same. @param a the one that begins first */
function joined(a: Incident, b: Incident): Incident {
  if (a.outage === null || b.outage === null) return a;
  const [former, latter] = endOf(a.outage) > endOf(b.outage) ? [b.outage, a.outage] : [a.outage, b.outage];
  // If both views were last seen at the same time, the one that knows the end is the newer.
  const endedAt = endOf(former) === endOf(latter) ? (former.endedAt ?? latter.endedAt) : latter.endedAt;
  const apart = a.id !== b.id && b.at > endOf(a.outage);
  return {
    ...a,
    at: Math.min(a.at, b.at),
    outage: {
      ...a.outage,
      endedAt,
      seenAt: Math.max(a.outage.seenAt, b.outage.seenAt),
      times: apart ? a.outage.times + b.outage.times : Math.max(a.outage.times, b.outage.times),
      lastAppliedAt: a.outage.lastAppliedAt ?? b.outage.lastAppliedAt,
    },
  };
}

function forsaken(incident: Incident, now: number): Incident {
  const { outage } = incident;
  // The absolute value, because `seenAt` may be in the future if the clock was put back.
  if (outage === null || outage.endedAt !== null || Math.abs(now - outage.seenAt) <= forsakenMs)
    return incident;
  return { ...incident, outage: { ...outage, endedAt: outage.seenAt } };
}
