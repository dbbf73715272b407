import { describeError } from '../../foundation/errors';
import { readSql } from '../../foundation/package-root';
import type { TextRow, Transaction } from '../../connections/postgres/postgres';
import { isUnfit, Unfit } from '../record/unfit';
import { packContents } from './contents';
import type { Found } from '../record/found';
import { keyOf } from '../record/key';
import type { Life } from '../record/identity';
import type { KindName } from '../../mapping/kinds';
import { shapeOf } from '../record/shape';
import { createdOf, md5, type Row } from '../record/row';

/** A record that could not be applied, and why. */
export interface DeadLetter {
  /** '?' for something that is no record at all. */
  readonly kind: KindName;
  readonly key: Buffer;
  /** What tells the record from others under the same key: its creation time as found, or the member of a metric. */
  readonly distinction: Buffer | string;
  readonly reason: Unfit;
  /** `<kind>:<id>` of the parent that is not there. */
  readonly waitingFor?: string;
  /** The record as packContents makes it; a large one is not kept, but read from its key when it is tried again. */
  readonly payload?: Buffer;
  readonly entryId?: string;
}

/** The `distinction` of a deletion that could not be done: tells such a letter from those of the record itself. */
export const deletionMark = 'deletion';

/**
 * The most bytes of a record that are kept with its letter, and of the letters that one statement writes: they take eight times that
 * on their way to Postgres.
 */
const copyBytes = 16 * 1024 * 1024;

const parkSql = readSql('src/archive/letters/sql/park.sql');

/** What a letter is known by: a record has one letter, however often it is parked. */
export const digestOf = ({
  kind,
  key,
  distinction,
}: Pick<DeadLetter, 'kind' | 'key' | 'distinction'>): string =>
  md5(Buffer.concat([Buffer.from(`${kind}\n`), key, Buffer.from('\n'), Buffer.from(distinction)]));

export function letterOf(found: Found, reason: Unfit, waitingFor?: string): DeadLetter {
  const { kind, id } = found;
  const letter = {
    kind: kind.name,
    key: keyOf(kind, id),
    distinction: distinctionOf(found),
    reason,
    ...(sizeOf(found) <= copyBytes ? { payload: packContents(found) } : {}),
    ...(kind.shape === 'entries' ? { entryId: found.values[0]?.toString('latin1') ?? '' } : {}),
  };
  return waitingFor === undefined ? letter : { ...letter, waitingFor };
}

const sizeOf = ({ values }: Found): number => values.reduce((sum, value) => sum + (value?.length ?? 0), 0);

/**
 * What tells a record from others that have had its key: the creation time, or the first value of a record without one. An
 * unreadable creation time tells nothing: such a letter goes as soon as any record of its key is applied.
 */
function distinctionOf({ kind, values }: Found): Buffer | string {
  if (kind.created === undefined) {
    return shapeOf(kind).several ? distinctionAmong(values[0]) : '';
  }
  try {
    return createdOf({ kind, values }, kind.created);
  } catch {
    return '';
  }
}

/** What tells a record from the others of its key: its first value. '' would mean the letter of the whole key. */
export const distinctionAmong = (first: Buffer | undefined): Buffer | string =>
  first?.length === 0 ? '""' : (first ?? '');

/** The letters that are void once a row is written: its own, and that of its whole key. */
export function digestsOfRow({ found }: Row): readonly string[] {
  const kind = found.kind.name;
  const key = keyOf(found.kind, found.id);
  return [distinctionOf(found), ''].map((distinction) => digestOf({ kind, key, distinction }));
}

/** The letters of whole keys that are void because the records under these keys can be told apart by now, though they are parked too. */
export const digestsOfKnown = (letters: readonly DeadLetter[]): readonly string[] =>
  letters
    .filter(({ payload, distinction }) => payload !== undefined && distinction.length > 0)
    .map(({ kind, key }) => digestOf({ kind, key, distinction: '' }));

export function unfit(error: unknown): Unfit {
  if (isUnfit(error)) return error;
  const { code, message } = describeError(error);
  return new Unfit(code, undefined, message);
}

/** Writes letters, in the transaction of the batch that their records were taken out of. */
export async function park(
  transaction: Transaction,
  letters: readonly DeadLetter[],
  life: Life,
): Promise<void> {
  if (letters.length === 0) return;
  let some: [string, DeadLetter][] = [];
  let bytes = 0;
  for (const one of new Map(letters.map((letter) => [digestOf(letter), letter]))) {
    const size = one[1].payload?.length ?? 0;
    if (some.length > 0 && bytes + size > copyBytes) {
      await parkSome(transaction, some, life);
      some = [];
      bytes = 0;
    }
    some.push(one);
    bytes += size;
  }
  await parkSome(transaction, some, life);
}

async function parkSome(
  transaction: Transaction,
  latest: readonly (readonly [digest: string, DeadLetter])[],
  life: Life,
): Promise<void> {
  const column = (read: (letter: DeadLetter) => unknown) => latest.map(([, letter]) => read(letter) ?? null);
  await transaction.execute(parkSql, [
    latest.map(([digest]) => digest),
    column(({ kind }) => kind),
    column(({ key }) => printable(key)),
    column(({ key }) => key),
    column(({ distinction }) => printable(distinction).slice(0, 100)),
    column(({ reason }) => reason.code),
    column(({ reason }) => reason.column),
    column(({ reason }) => printable(reason.message).slice(0, 500)),
    column(({ waitingFor }) => waitingFor),
    column(({ payload }) => payload),
    column(({ entryId }) => entryId),
    life,
  ]);
}

/**
 * Deletes the letters of records that were applied, and the retried letters that were not parked again (those are still due).
 */
export async function clear(
  transaction: Transaction,
  digests: readonly string[],
  retried: readonly string[],
): Promise<void> {
  if (digests.length + retried.length === 0) return;
  await transaction.execute(
    'DELETE FROM millrace.dead_letters WHERE digest = ANY ($1::uuid[]) OR (id = ANY ($2::bigint[]) AND due)',
    [digests, retried],
  );
}

/** Marks the letters that wait for these parents as due. @param parents `<kind>:<id>` */
export const release = (transaction: Transaction, parents: readonly string[]): Promise<number> =>
  parents.length === 0
    ? Promise.resolve(0)
    : transaction.execute(
        'UPDATE millrace.dead_letters SET due = true WHERE waiting_for = ANY ($1::text[]) AND NOT due',
        [parents],
      );

/** Text that any terminal and any text column can hold, in the order in which it is written; long text is cut. */
export function printable(bytes: Buffer | string): string {
  const text = typeof bytes === 'string' ? bytes : bytes.toString('utf8');
  return text.slice(0, 500).replace(
    // Control characters, halves of surrogate pairs, and characters that turn the direction of the text around them.
    /[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`,
  );
}

/** A letter as the database has it. */
export interface StoredLetter {
  readonly id: string;
  readonly kind: string;
  readonly redisKey: Buffer;
  /** What tells the record from others of its key, as far as it can be printed. */
  readonly distinction: string;
  readonly payload: Buffer | undefined;
  /** Whether the record waits for a parent. */
  readonly waits: boolean;
  /** Whether the letter is that of a deletion that could not be done. */
  readonly isDeletion: boolean;
  /** The life of Redis in which the record was parked. */
  readonly life: string | undefined;
}

export function storedLetter(row: TextRow): StoredLetter {
  const bytes = (text: string | null | undefined) =>
    text == null ? undefined : Buffer.from(text.slice(2), 'hex');
  return {
    id: row['id'] ?? '',
    kind: row['kind'] ?? '',
    redisKey: bytes(row['redis_key']) ?? Buffer.alloc(0),
    distinction: row['created'] ?? '',
    payload: bytes(row['payload']),
    waits: row['waiting_for'] != null,
    isDeletion: row['payload'] == null && row['created'] === deletionMark,
    life: row['life'] ?? undefined,
  };
}
