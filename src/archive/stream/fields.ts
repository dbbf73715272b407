import { type Catalogue, type Kind, packedKind } from '../../mapping/kinds';

/** What a field of an entry says of its value. The forms are told in docs/02-architecture.md. */
export type StreamField = { readonly text: string } & (
  | { readonly says: 'carries' | 'changed' | 'several changed' | 'deleted' | 'lapsed'; readonly kind: Kind }
  /** Ids that `millrace warm` put back: Postgres is where they come from. */
  | { readonly says: 'restored'; readonly kind: Kind }
  | { readonly says: 'too-large' | 'unknown' }
);

/** The field that tells which records of a kind came back. */
export const restoredField = (kind: Kind): string => `${kind.name}~`;

/** The fields that entries of the stream may have. */
export class StreamFields {
  /** What most of a long page consists of: records of the packed kind. */
  readonly #carried: (StreamField & { readonly says: 'carries' }) | undefined;
  readonly #bytes: Buffer;
  readonly #known = new Map<string, StreamField>();

  constructor(catalogue: Catalogue) {
    const packed = packedKind(catalogue);
    const packedText = `${packed?.name ?? ''}=`;
    this.#bytes = Buffer.from(packedText);
    this.#carried = packed && { text: packedText, says: 'carries', kind: packed };
    this.#put({ text: 'too-large', says: 'too-large' });
    for (const kind of catalogue.values()) {
      const { name } = kind;
      this.#put({ text: name, says: 'changed', kind });
      this.#put({ text: `${name}*`, says: 'several changed', kind });
      this.#put({ text: `${name}-`, says: 'deleted', kind });
      this.#put({ text: `${name}.`, says: 'lapsed', kind });
      if (kind.carried) this.#put({ text: `${name}=`, says: 'carries', kind });
      if (kind.packed) this.#put({ text: restoredField(kind), says: 'restored', kind });
    }
  }

  read(name: Buffer): StreamField {
    // Nearly all of a long page: told by its bytes.
    if (this.#carried !== undefined && name.equals(this.#bytes)) return this.#carried;
    const text = name.toString('latin1');
    return this.#known.get(text) ?? { text, says: 'unknown' };
  }

  #put(field: StreamField): void {
    this.#known.set(field.text, field);
  }
}
