import { CopyText } from './copy-text';
import type { Value } from './decode';
import { type Found, unpackFound, unpackMetric } from './found';
import type { Kind } from './kinds';
import { createdOf, type Reference, type Row, toRow } from './row';

/** A field of the stream that carries its record, and the record. */
export interface Carried {
  readonly kind: 'prediction' | 'metric';
  readonly value: Buffer;
}

/** @throws when the value is damaged */
export const unpackCarried = ({ kind, value }: Carried): Found =>
  kind === 'prediction' ? unpackFound(kind, value) : unpackMetric(value);

const scratch = new CopyText();

/**
 * A record that came by value, checked, kept as the bytes that COPY wants and those it came in. Everything else is made anew
 * for whoever asks, which is only when something is wrong with it: pages hold thousands of these, and each object kept
 * costs the garbage collector more than making it twice.
 */
export class CarriedRow implements Row {
  readonly kind: Kind;
  readonly id: string;
  readonly references: readonly (Reference | null)[];
  readonly redisKey: string | undefined;
  readonly copyText: Buffer;
  readonly #carried: Carried;

  /** @throws Unfit */
  constructor(carried: Carried, found: Found) {
    const { kind, id, references, redisKey, values } = toRow(found);
    for (const value of values) scratch.value(value);
    this.kind = kind;
    this.id = id;
    this.references = references;
    this.redisKey = redisKey;
    this.copyText = scratch.copy();
    this.#carried = carried;
  }

  get found(): Found {
    return unpackCarried(this.#carried);
  }

  get values(): readonly Value[] {
    return toRow(this.found).values;
  }

  get created(): string | undefined {
    return this.kind.created === undefined ? undefined : createdOf(this.found, this.kind.created);
  }
}
