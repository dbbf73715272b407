import { Batch } from './batch';
import type { DeadLetter } from './dead-letters';
import { Unfit } from './unfit';
import { describeError } from '../errors';
import { type Carried, unpackCarried } from './carried-row';
import type { Found } from './found';
import { isKind, type KindName, kindNames } from './kinds';
import { idsIn } from './nominate';

/** An entry as XREAD returns it: id, then field, value, field, value … */
export type Entry = readonly [Buffer, readonly Buffer[] | null];

/** What a page of the stream asks for. */
export interface Page {
  /** Id of its last entry: the position after it. */
  readonly position: string;
  /** When its first entry was written, by Redis' clock, in milliseconds since 1970. */
  readonly since: number;
  readonly entries: number;
  readonly pairs: number;
  readonly bytes: number;
  /** Records that came by value, and what is no record. */
  readonly batch: Batch;
  /** Records to look up, by kind: ids as latin1, so that any bytes survive. */
  readonly nominated: ReadonlyMap<KindName, Set<string>>;
  readonly deleted: ReadonlyMap<KindName, Set<string>>;
  /** Predictions (ids) that came by value: their notifications are echoes. */
  readonly carried: readonly string[];
}

export const millisecondsOf = (entryId: string): number => Number(entryId.slice(0, entryId.indexOf('-')));

const carriedPrediction = Buffer.from('prediction=');

/** Sorts a page's entries. Nothing in a stream that anybody can write to is an error: what cannot be understood is parked. */
export function readPage(entries: readonly Entry[]): Page {
  const batch = new Batch();
  const nominated = new Map<KindName, Set<string>>(kindNames.map((name) => [name, new Set()]));
  const deleted = new Map<KindName, Set<string>>(kindNames.map((name) => [name, new Set()]));
  const carried: string[] = [];
  let pairs = 0;
  let bytes = 0;
  for (const [id, fields] of entries) {
    const entryId = id.toString('latin1');
    for (let at = 0; at < (fields?.length ?? 0); at += 2) {
      const name = fields?.[at] ?? Buffer.alloc(0);
      const value = fields?.[at + 1] ?? Buffer.alloc(0);
      pairs++;
      bytes += name.length + value.length;
      // Nearly all of a long page: its fields are told by their bytes.
      const field = name.equals(carriedPrediction) ? 'prediction=' : name.toString('latin1');
      const how = field.at(-1);
      if (isKind(field)) nominated.get(field)?.add(value.toString('latin1'));
      else if (how === '-' && isKind(field.slice(0, -1))) {
        const kind = field.slice(0, -1) as KindName;
        deleted.get(kind)?.add(value.toString('latin1'));
        // Looked up as well: it may have been written again since.
        nominated.get(kind)?.add(value.toString('latin1'));
      } else if (how === '*' && isKind(field.slice(0, -1))) {
        const ids = namedBy(field, value);
        if (ids instanceof Unfit) batch.letters.push(strange(entryId, field, at / 2, ids));
        else {
          pairs += ids.length - 1;
          for (const one of ids) nominated.get(field.slice(0, -1) as KindName)?.add(one);
        }
      } else {
        const record = carriedBy(field, value);
        const found = foundIn(field, record);
        if (record === undefined || found instanceof Unfit) {
          if (found instanceof Unfit) batch.letters.push(strange(entryId, field, at / 2, found));
        } else {
          batch.addCarried(record, found, entryId);
          if (record.kind === 'prediction') carried.push(found.id.toString('latin1'));
        }
      }
    }
  }
  const first = entries[0]?.[0].toString('latin1') ?? '0-0';
  const position = entries.at(-1)?.[0].toString('latin1') ?? '0-0';
  const since = millisecondsOf(first);
  return { position, since, entries: entries.length, pairs, bytes, batch, nominated, deleted, carried };
}

function carriedBy(field: string, value: Buffer): Carried | undefined {
  if (field === 'prediction=') return { kind: 'prediction', value };
  return field === 'metric=' ? { kind: 'metric', value } : undefined;
}

/** The record, or why there is none. */
function foundIn(field: string, record: Carried | undefined): Found | Unfit {
  if (record === undefined) {
    const name = JSON.stringify(field.slice(0, 60));
    return new Unfit('E_STREAM_FIELD', undefined, `nobody knows what the field ${name} means`);
  }
  try {
    return unpackCarried(record);
  } catch (error) {
    return damaged(field, error);
  }
}

/** The ids in a list of them, or why there are none. */
function namedBy(field: string, value: Buffer): readonly string[] | Unfit {
  try {
    return idsIn(value);
  } catch (error) {
    return damaged(field, error);
  }
}

function damaged(field: string, error: unknown): Unfit {
  const name = JSON.stringify(field.slice(0, 60));
  const reason = `the value of ${name} is damaged: ${describeError(error).message}`;
  return new Unfit('E_STREAM_FIELD', undefined, reason);
}

/** The stream's entry itself is what cannot be applied: it is its own key. */
function strange(entryId: string, field: string, pair: number, reason: Unfit): DeadLetter {
  const key = Buffer.from(`millrace:changes ${entryId} ${pair} ${field.slice(0, 60)}`, 'latin1');
  return { kind: '?', key, distinction: '', reason, entryId };
}
