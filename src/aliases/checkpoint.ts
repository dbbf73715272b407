import { z } from 'zod';
import type { CheckpointBase } from '../pipeline/checkpoint';
import type { Position } from './changelog';

/** Where the pipeline's checkpoint lives: beside the keys, so that a flush or a restore takes both. */
export const checkpointKey = 'millrace:aliases:checkpoint';

/** `position` is null while no changelog is there to tail (a file we may not write to, capture switched off). */
export interface AliasCheckpoint extends CheckpointBase {
  readonly position: Position | null;
}

const schema = z.object({
  incarnation: z.string(),
  position: z.object({ changelog: z.string(), seq: z.number().int(), nonce: z.string() }).nullable(),
  stamp: z.string(),
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
