import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Finding } from '../../pipeline/finding';
import { changesStream } from '../../writer/keys';

/** The stream and the server's memory at one moment. */
export interface Growth {
  /** Seconds between the two looks. */
  readonly seconds: number;
  readonly lengthBefore: number;
  readonly length: number;
  /** The average size of an entry. */
  readonly entryBytes: number;
  readonly usedBytes: number;
  /** maxmemory, else the memory of the machine; null: unknown. */
  readonly limitBytes: number | null;
}

/** Taken for the size of an entry where Redis does not tell: see docs/guarantees.md. */
const usualEntryBytes = 300;
const watchMs = 1_500;

/** Looks twice, `watchMs` apart. Reads only. */
export async function measureGrowth(client: Redis): Promise<Growth> {
  const startedAt = performance.now();
  const lengthBefore = await client.xlen(changesStream);
  await delay(watchMs);
  const [length, info, streamBytes] = await Promise.all([
    client.xlen(changesStream),
    client.info('memory'),
    // The ACL user may lack this right.
    client.memory('USAGE', changesStream).catch(() => null),
  ]);
  const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  return {
    seconds: (performance.now() - startedAt) / 1_000,
    lengthBefore,
    length,
    entryBytes: streamBytes === null || length < 100 ? usualEntryBytes : streamBytes / length,
    usedBytes: field('used_memory'),
    limitBytes: field('maxmemory') || field('total_system_memory') || null,
  };
}

/** A Redis that is full sooner than this needs a person. */
const soonSeconds = 3_600;
/** The part of the limit below which room is little. */
const littleRoom = 0.1;

/** Whether there is room for the stream to grow while Postgres is away, and for how long at the present rate. Pure. */
export function growthFinding({
  seconds,
  lengthBefore,
  length,
  entryBytes,
  usedBytes,
  limitBytes,
}: Growth): Finding {
  if (limitBytes === null) return { level: 'note', what: 'how much memory Redis may use cannot be told' };
  const room = Math.max(0, limitBytes - usedBytes);
  const entries = Math.floor(room / entryBytes);
  const perSecond = (length - lengthBefore) / seconds;
  const what = `Redis uses ${megabytes(usedBytes)} of ${megabytes(limitBytes)}: room for about ${entries} more entries of the stream`;
  const remedy = 'Raise maxmemory, or mend what keeps the stream from being archived: `millrace status`.';
  if (perSecond > 0) {
    const full = room / (perSecond * entryBytes);
    const rate = `; it grows by ${Math.round(perSecond)} entries/s, full in ${duration(full)}`;
    return full < soonSeconds
      ? { level: 'problem', what: what + rate, remedy }
      : { level: 'note', what: what + rate };
  }
  if (room < limitBytes * littleRoom) return { level: 'problem', what, remedy };
  return { level: 'ok', what: `${what}; it does not grow` };
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MB`;
const duration = (seconds: number): string =>
  seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
