import { z } from 'zod';
import type { TextRow } from '../../connections/postgres/postgres';
import type { Life } from '../record/identity';

/** How far the stream is applied. */
export interface StreamPosition {
  /** Made anew whenever a stream is begun without continuity; null: never begun. */
  readonly incarnation: string | null;
  /** The number of the incarnation, from 1; null: none ever began. */
  readonly life: Life;
  readonly entryId: string;
  /** The facts last seen of Redis, as JSON: `parseFacts` reads them. */
  readonly seen: unknown;
}

const schema = z.object({
  incarnation: z.string().nullable(),
  life: z.string().nullable(),
  entry_id: z.string(),
  seen: z.string().nullable(),
});

/** The position in a row of the checkpoint. */
export function claimedPosition(row: TextRow): StreamPosition {
  const { incarnation, life, entry_id, seen } = schema.parse(row);
  return { incarnation, life, entryId: entry_id, seen: seen === null ? null : JSON.parse(seen) };
}
