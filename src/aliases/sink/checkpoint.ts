import { z } from 'zod';
import type { RedisConnection } from '../../connections/redis';
import type { ChangelogPosition } from '../source/changelog';
import type { AliasCase } from '../../mapping/alias-tables';
import type { Keyspace } from '../../mapping/documents';

/** Where the pipeline's checkpoint lives: beside the keys, so that a flush or a restore takes both. */
export const checkpointKey = 'millrace:aliases:checkpoint';

/** A document whose keys are ours: a pass has found none that were not, or was told that they are. */
export interface JudgedMapping extends Pick<Keyspace, 'prefix' | 'holds'> {
  /** Another one after any change of the mapping; behind a ~: not all of its keys are written as it says now. */
  readonly hash: string;
}

/** All mappings of one daemon. */
export interface MappingSet {
  /** The same for the same mappings. */
  readonly hash: string;
  /** When their file was last written, or applied by hand; milliseconds since 1970. 0: there is none. */
  readonly since: number;
}

/**
 * How far Redis is. The checkpoint moves in the same atomic step as the keys it vouches for; two instances that race are told
 * apart by `stamp`, which no two applies share.
 */
export interface AliasCheckpoint {
  /** Made anew whenever the log is adopted without continuity: an unknown one calls for a full pass. */
  readonly incarnation: string;
  /** null while no changelog is there to tail (a file we may not write to, capture switched off). */
  readonly position: ChangelogPosition | null;
  /** Unique for each apply. */
  readonly stamp: string;
  /** How many applies have led to it, whoever made them: fewer than were seen before means that Redis went backwards. Absent: an older version was among them. */
  readonly applies?: number | undefined;
  /** How the keys of each type are spelled, as a pass has found or made them. A type that is missing may have another program's keys. */
  readonly cases?: Readonly<Record<string, AliasCase>> | undefined;
  /** By name. A document that is missing may have another program's keys. Those that are served no more stay: they left their keys. */
  readonly mappings?: Readonly<Record<string, JudgedMapping>> | undefined;
  /** Of the one who applied last, if they come from a file. */
  readonly set?: MappingSet | undefined;
  /** Milliseconds since 1970, by the clock of the one who applied. */
  readonly at: number;
  /** host:pid of the one who applied: for people. */
  readonly by: string;
}

const schema = z.object({
  incarnation: z.string(),
  position: z.object({ changelog: z.string(), seq: z.number().int(), nonce: z.string() }).nullable(),
  stamp: z.string(),
  applies: z.number().int().optional().catch(undefined),
  cases: z
    .record(z.string(), z.enum(['preserve', 'lower']))
    .optional()
    .catch(undefined),
  mappings: z
    .record(
      z.string(),
      z.object({ hash: z.string(), prefix: z.string(), holds: z.enum(['string', 'hash', 'set', 'zset']) }),
    )
    .optional()
    .catch(undefined),
  set: z.object({ hash: z.string(), since: z.number() }).optional().catch(undefined),
  at: z.number(),
  by: z.string(),
});

/** @returns undefined for anything that is not a checkpoint: it is then treated as missing. */
export function parseCheckpoint(text: string): AliasCheckpoint | undefined {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The checkpoint's text as it is in Redis now; '' when there is none. A key of another Redis type counts as none: the first apply overwrites it. */
export const readCheckpoint = (connection: RedisConnection): Promise<string> =>
  readOwn(connection, checkpointKey);

/** The text of any key of ours, read as `readCheckpoint` reads its own. @throws an explained error */
export async function readOwn(connection: RedisConnection, key: string): Promise<string> {
  try {
    return (await connection.client.get(key)) ?? '';
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return '';
    throw connection.translate(error);
  }
}
