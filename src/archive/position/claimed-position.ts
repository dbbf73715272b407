import { z } from 'zod';
import type { TextRow } from '../../connections/postgres';
import type { Position } from './checkpoint';

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
