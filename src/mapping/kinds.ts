/** The name of a kind in a catalogue: `model`, `prediction`. */
export type KindName = string;

/** How the text of a hash field becomes the text of a column: see decode.ts. */
export type Decoder = 'text' | 'json' | 'integer' | 'float' | 'float or none' | 'time' | 'time or none';

export interface Column {
  /** In Postgres. */
  readonly column: string;
  /** In the hash (for a metric: in the JSON member). */
  readonly field: string;
  readonly decoder: Decoder;
  /** A record without this field is not complete yet: it is parked. */
  readonly required?: true;
}

export interface Parent {
  /** The column that points to it. */
  readonly column: string;
  readonly kind: KindName;
  /** Where its Redis id stands: a field of the hash, or a part of our own key (0 is the first after `aidb:<kind>:`). */
  readonly from: string | number;
  /** 0 or nothing means none. */
  readonly optional?: true;
}

/**
 * What a key holds:
 *   hash     one record, a field a column;
 *   fields   a hash of as many records as it has fields, each a name and a value;
 *   members  a sorted set of as many records as it has members, each a JSON object.
 * What follows from it is told by shape.ts.
 */
export type ShapeName = 'hash' | 'fields' | 'members';

/** What the key of a sorted set says of its members, and their scores: by fields of theirs. */
export interface Series {
  /** Their values follow the parent in the key, a colon between them. */
  readonly key: readonly string[];
  /** The first of these that a member has is its score; without any it is 0. */
  readonly score: readonly string[];
}

/** Where applications list the records of a kind. `{0}`, `{1}`: the Redis id of a parent. */
export interface RecordIndex {
  readonly key: string;
  /** A sorted set by id, or by minus the time, so that the newest come first; or a set. */
  readonly by: 'id' | 'newest' | 'set';
  /** Of a set: its member. Otherwise that is the id. */
  readonly member?: string;
}

export interface Kind {
  readonly name: KindName;
  readonly table: string;
  readonly shape: ShapeName;
  /** Of the shape `members`. */
  readonly series?: Series;
  /** Its line in the statistics the documents show. */
  readonly statistic?: string;
  readonly parents: readonly Parent[];
  readonly columns: readonly Column[];
  /**
   * How a record is told from another under the same key (ids start over when Redis is flushed):
   *   mapped   by (id, creation time), in millrace.id_map, because others refer to it;
   *   dated    by (id, creation time) in the row itself: redis_id and the column of `created`;
   *   keyed    by its parents and redis_key, the md5 of what distinguishes it below them.
   */
  readonly identity: 'mapped' | 'dated' | 'keyed';
  /** The field with the creation time, where the record has one of its own. */
  readonly created?: string;
  /** Columns in which Postgres allows one row only. */
  readonly natural?: readonly string[];
  /** It goes on for a while: the fields with how it stands, and with its end. Members that belong to it leave Redis only after that. */
  readonly lasts?: { readonly status: string; readonly until: string };
  /** Its contents never change: identity says everything. */
  readonly appendOnly?: true;
  /** Writers may put its records into the stream whole, as `<kind>=`: see carried.ts. */
  readonly carried?: true;
  /**
   * There are so many of it that it is read and written packed, by code that knows its very fields: read-predictions.lua,
   * carried-copy.ts. One kind of a catalogue at the most.
   */
  readonly packed?: true;
  /** Applications give out its ids by `aidb:counter:<kind>`. */
  readonly counted?: true;
  readonly index?: RecordIndex;
  /** Key of the hash from the first column, a name, to the id. */
  readonly names?: string;
  /** A key `aidb:<kind>:<this>` is no record of it; after `*`, all that end so. */
  readonly aside?: string;
  /** Each new one is told in the log, under this name. */
  readonly told?: string;
}

/** The kinds of record there are, parents before children: the order in which they can be written. */
export type Catalogue = ReadonlyMap<KindName, Kind>;

/** No glob character, for the mirror's pattern; and no mark of the stream's fields (nominate.ts). */
const nameForm = /^[a-z][a-z0-9_]*$/;

/** A catalogue of these rows. @throws when they are none */
export function catalogueOf(rows: readonly Kind[]): Catalogue {
  const catalogue = new Map<KindName, Kind>();
  for (const kind of rows) {
    const { name, parents, shape, series } = kind;
    const early = parents.find((parent) => catalogue.get(parent.kind)?.identity !== 'mapped');
    if (!nameForm.test(name) || catalogue.has(name)) throw new Error(`${name} is no name for a kind`);
    if (name === 'counter' || name === 'idx') throw new Error(`aidb:${name}: are the keys of something else`);
    if (early !== undefined) throw new Error(`${name} refers to ${early.kind}, which has to come before it`);
    if ((shape === 'members') !== (series !== undefined))
      throw new Error(`${name}: members, and nothing else, have a series`);
    catalogue.set(name, kind);
  }
  if (rows.filter(({ packed }) => packed).length > 1) throw new Error('one kind at the most can be packed');
  return catalogue;
}

/** A kind that is known to be there. */
export function kindOf(catalogue: Catalogue, name: KindName): Kind {
  const kind = catalogue.get(name);
  if (kind === undefined) throw new Error(`no kind ${name}`);
  return kind;
}

/** The column that tells how old a record is: its creation time or, of one that has none of its own, the first time there is. */
export const timeOf = ({ created, columns }: Kind): Column | undefined =>
  columns.find(({ field, decoder }) => (created === undefined ? decoder === 'time' : field === created));

/** A pattern of an index, for a record with these parents. */
export const withIds = (pattern: string, parents: readonly string[]): string =>
  pattern.replace(/\{(\d)\}/g, (_place, at: string) => parents[Number(at)] ?? '');

export const packedKind = (catalogue: Catalogue): Kind | undefined =>
  [...catalogue.values()].find(({ packed }) => packed);

/** Names of the kinds of which this is so. */
export const namesWhere = (catalogue: Catalogue, is: (kind: Kind) => boolean): readonly KindName[] =>
  [...catalogue.values()].filter(is).map(({ name }) => name);
