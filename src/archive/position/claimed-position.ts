import { z } from 'zod';
import type { TextRow } from '../../connections/postgres';
import type { Life } from '../record/identity';

/** How far the stream is applied. */
export interface Position {
  /** Made anew whenever a stream is begun without continuity; null: never begun. */
  readonly incarnation: string | null;
  /** Its number, from 1; null: none ever began. */
  readonly life: Life;
  readonly entryId: string;
  /** What was last seen of Redis, as continuity.ts reads it. */
  readonly seen: unknown;
}

const schema = z.object({
  incarnation: z.string().nullable(),
  life: z.string().nullable(),
  entry_id: z.string(),
  seen: z.string().nullable(),
});

/** What a row of the checkpoint says of the stream. */
export function claimedPosition(row: TextRow): Position {
  const { incarnation, life, entry_id, seen } = schema.parse(row);
  return { incarnation, life, entryId: entry_id, seen: seen === null ? null : JSON.parse(seen) };
}
