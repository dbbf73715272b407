import type { DeadLetter } from './dead-letters';
import { foundIn, metricIn, type Found } from './found';
import { PackedError, PackedReader } from './packed';
import { Unfit } from './unfit';

/** Records that came by value: one value of a stream entry, in which they follow one another. */
export interface Carried {
  readonly kind: 'prediction' | 'metric';
  readonly value: Buffer;
  readonly entryId: string;
  /** Which pair of the entry, from 0. */
  readonly pair: number;
}

export const carriedKind = (field: string): Carried['kind'] | undefined =>
  field === 'prediction=' ? 'prediction' : field === 'metric=' ? 'metric' : undefined;

/** The records, and a letter where something else begins. */
export function* recordsIn(carried: Carried): Generator<Found | DeadLetter> {
  const { kind, value, entryId, pair } = carried;
  const records = new PackedReader(value);
  try {
    while (records.next()) {
      const values = records.values();
      yield kind === 'prediction' ? foundIn(kind, values) : metricIn(values);
    }
    if (value.length === 0) throw new PackedError('there is no header');
  } catch (error) {
    if (!(error instanceof PackedError)) throw error;
    const message = `the value of "${kind}=" is damaged: ${error.message}`;
    yield strange({ entryId, field: `${kind}=`, pair, message });
  }
}

/** A stream entry itself cannot be applied: it is its own key. */
export function strange(what: {
  readonly entryId: string;
  readonly field: string;
  readonly pair: number;
  readonly message: string;
}): DeadLetter {
  const { entryId, field, pair, message } = what;
  const key = Buffer.from(`millrace:changes ${entryId} ${pair} ${field.slice(0, 60)}`, 'latin1');
  return {
    kind: '?',
    key,
    distinction: '',
    reason: new Unfit('E_STREAM_FIELD', undefined, message),
    entryId,
  };
}
