import { type Catalogue, type Kind, type KindName, kindOf, packedKind } from '../../mapping/kinds';
import { mostKeyBytes, recordOf } from '../record/key';
import type { Happening, Nomination } from '../record/nomination';
import { losesRecords } from '../record/shape';

/** What a field of an entry says of its value. The forms are told in docs/02-architecture.md. */
export type StreamField = { readonly text: string } & (
  | { readonly says: Happening | 'several changed' | 'carries'; readonly kind: Kind }
  /** Ids that `millrace warm` put back: Postgres is where they come from. */
  | { readonly says: 'restored'; readonly kind: Kind }
  /** The value is a whole key, of whichever record: whoever wrote it knows no mappings. */
  | { readonly says: 'of a key'; readonly what: Happening | 'lost a part' }
  /** It names records of a mapping of the user's own that was taken out since. */
  | { readonly says: 'taken out'; readonly kind: KindName }
  | { readonly says: 'too-large' | 'unknown' }
);

/** The field that tells which records of a kind came back. */
export const restoredField = (kind: Kind): string => `${kind.name}~`;

/** What a field says of its record, behind the kind's name. */
export const marks: Readonly<Record<Happening, string>> = { changed: '', deleted: '-', lapsed: '.' };
export const happenings: readonly Happening[] = ['changed', 'deleted', 'lapsed'];

/** The field whose value is a whole key. No kind has a name that begins so. */
export const keyField = (what: Happening): string => `:key${marks[what]}`;

/**
 * The value is a whole key, of which the application took a part away: where a part is a record of its own, that one is deleted, and
 * otherwise the record has changed.
 */
export const partField = ':part-';

/** The fields that entries of the stream may have. */
export class StreamFields {
  /** What most of a long page consists of: records of the packed kind. */
  readonly #carried: (StreamField & { readonly says: 'carries' }) | undefined;
  readonly #bytes: Buffer;
  readonly #known = new Map<string, StreamField>();
  readonly #catalogue: Catalogue;
  readonly #takenOut: () => ReadonlySet<KindName>;

  /** @param takenOut mappings of the user's own that were in force before */
  constructor(catalogue: Catalogue, takenOut: () => ReadonlySet<KindName> = () => new Set()) {
    this.#catalogue = catalogue;
    this.#takenOut = takenOut;
    const packed = packedKind(catalogue);
    const packedText = `${packed?.name ?? ''}=`;
    this.#bytes = Buffer.from(packedText);
    this.#carried = packed && { text: packedText, says: 'carries', kind: packed };
    this.#put({ text: 'too-large', says: 'too-large' });
    for (const what of happenings) this.#put({ text: keyField(what), says: 'of a key', what });
    this.#put({ text: partField, says: 'of a key', what: 'lost a part' });
    for (const kind of catalogue.values()) {
      const { name } = kind;
      for (const what of happenings) this.#put({ text: name + marks[what], says: what, kind });
      this.#put({ text: `${name}*`, says: 'several changed', kind });
      if (kind.carried) this.#put({ text: `${name}=`, says: 'carries', kind });
      if (kind.packed) this.#put({ text: restoredField(kind), says: 'restored', kind });
    }
  }

  read(name: Buffer): StreamField {
    // Nearly all of a long page: told by its bytes.
    if (this.#carried !== undefined && name.equals(this.#bytes)) return this.#carried;
    const text = name.toString('latin1');
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const kind = text.replace(/[-.*]$/, '');
    return this.#takenOut().has(kind) ? { text, says: 'taken out', kind } : { text, says: 'unknown' };
  }

  /** What happened to the record that a whole key names, latin1; undefined: no mapping has it. */
  happeningTo(key: string, what: Happening | 'lost a part'): Nomination | undefined {
    const record = key.length > mostKeyBytes ? undefined : recordOf(this.#catalogue, key);
    if (record === undefined) return undefined;
    if (what !== 'lost a part') return { ...record, what };
    return {
      ...record,
      what: losesRecords(kindOf(this.#catalogue, record.kind).shape) ? 'deleted' : 'changed',
    };
  }

  #put(field: StreamField): void {
    this.#known.set(field.text, field);
  }
}
