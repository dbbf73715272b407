/** A stream entry id, `<milliseconds>-<sequence>`: two unsigned 64-bit numbers, compared as numbers. */
export interface EntryId {
  readonly ms: bigint;
  readonly seq: bigint;
}

/** Below every entry: reading from here reads the whole stream. */
export const beforeAll = '0-0';

const largest = 2n ** 64n - 1n;

/** Whether this is a complete id, as Redis writes it. */
export const isEntryId = (text: string): boolean => /^\d{1,20}-\d{1,20}$/.test(text);

/** @throws on anything Redis would not take as a complete or incomplete id (`5` is `5-0`) */
export function parseEntryId(text: string): EntryId {
  const match = /^(\d{1,20})(?:-(\d{1,20}))?$/.exec(text);
  const ms = BigInt(match?.[1] ?? -1);
  const seq = BigInt(match?.[2] ?? 0);
  if (ms < 0n || ms > largest || seq > largest) throw new Error(`not a stream entry id: ${text}`);
  return { ms, seq };
}

/** Negative, 0 or positive, as for Array.sort. */
export function compareEntryIds(left: string, right: string): number {
  const a = parseEntryId(left);
  const b = parseEntryId(right);
  const difference = a.ms === b.ms ? a.seq - b.seq : a.ms - b.ms;
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}
