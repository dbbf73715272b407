import { oncePer } from '../foundation/once-per';
import { commonStart } from '../foundation/common-start';
import { isNamedByOne, type OwnRecord } from './own-key';

/** The name of a kind in a catalogue: `model`, `prediction`. */
export type KindName = string;

/** How the text of a hash field becomes the text of a column: see decode.ts. */
export type Decoder = 'text' | 'json' | 'integer' | 'float' | 'time' | 'bool' | 'uuid' | 'bytes';

export interface Column {
  /** Its name in Postgres. */
  readonly column: string;
  /** Its field in the hash (of a metric: in the JSON member). */
  readonly field: string;
  readonly decoder: Decoder;
  /** A record without this field is not complete yet: it is parked. */
  readonly required?: true;
  /** A value that means that there is none; of a number, in whatever spelling: `0` is `0.0` as well. */
  readonly none?: string;
}

export interface Parent {
  /** The column with the parent's id. */
  readonly column: string;
  readonly kind: KindName;
  /** Where the parent's Redis id is: a field of the hash, or a part of the child's key (0 is the first after the prefix). */
  readonly from: string | number;
  /** Whether a record may have no such parent (0, or nothing). */
  readonly optional?: true;
}

/**
 * What a key holds:
 *   hash     one record, a field a column;
 *   fields   a hash of as many records as it has fields, each a name and a value;
 *   members  a sorted set of as many records as it has members, each a JSON object;
 *   object   a string with one record, a JSON object, a member a column;
 *   text     a string with one record, which is its value;
 *   items    of the user's own, whatever has many records: fields of a hash, members of a set or sorted set, elements of a list;
 *   entries  a stream of as many records as it has entries, each an id and fields.
 * shape.ts says what follows from that.
 */
export type ShapeName = 'hash' | 'fields' | 'members' | 'object' | 'text' | 'items' | 'entries';

/** What the key of a sorted set and its scores tell of the members, by names of the members' fields. */
export interface Series {
  /** The fields whose values follow the parent in the key, with colons between them. */
  readonly key: readonly string[];
  /** The first of these that a member has is its score; without any it is 0. */
  readonly score: readonly string[];
  /** What stands in the key where a member has no such field. */
  readonly absent?: Readonly<Record<string, string>>;
}

/** Where applications list the records of a kind. `{0}`, `{1}`: the Redis id of a parent. */
export interface RecordIndex {
  readonly key: string;
  /** A sorted set by id, or by minus the time, so that the newest come first; or a set. */
  readonly by: 'id' | 'newest' | 'set';
  /** The member, in a set; elsewhere the id is the member. */
  readonly member?: string;
}

export interface Kind {
  readonly name: KindName;
  /** What its keys, and no others, begin with: `aidb:model:`. */
  readonly prefix: string;
  readonly table: string;
  readonly shape: ShapeName;
  /** For kinds of the shape `members`, and no others. */
  readonly series?: Series;
  /** The line of the statistics that counts this kind. */
  readonly statistic?: string;
  readonly parents: readonly Parent[];
  readonly columns: readonly Column[];
  /**
   * How a record is told from others that have had its key (ids start over when Redis is flushed):
   *   mapped   by (id, creation time), in millrace.id_map, because others refer to it;
   *   dated    by (id, creation time) in the row itself: redis_id and the column of `created`;
   *   keyed    by its parents and redis_key, the md5 of what distinguishes it below them;
   *   own      by its key, whose parts are columns, and its creation time if it has `born`: a record of the user's own, see own-key.ts.
   */
  readonly identity: 'mapped' | 'dated' | 'keyed' | 'own';
  /** For kinds with the identity `own`, and no others. Their `parents` are empty. */
  readonly own?: OwnRecord;
  /** The field with the creation time, if records have one. */
  readonly created?: string;
  /** Columns in which Postgres allows one row only. */
  readonly natural?: readonly string[];
  /** For kinds whose records go on for a while (runs): the fields with the status and the end. Members that belong to one leave Redis only after its end. */
  readonly lasts?: { readonly status: string; readonly until: string };
  /** Its records never change, so that their identity says everything. */
  readonly appendOnly?: true;
  /** Writers may put its records into the stream whole, as `<kind>=`: see carried.ts. */
  readonly carried?: true;
  /**
   * There are so many of its records that they are read and written packed, by code of their own: read-packed.lua,
   * carried-copy.ts. At most one kind of a catalogue.
   */
  readonly packed?: true;
  /** The key of the counter by which applications give out its ids. */
  readonly counter?: string;
  readonly index?: RecordIndex;
  /** Key of the hash from the first column, a name, to the id. */
  readonly names?: string;
  /** The key with this behind the prefix is no record of the kind; if this begins with `*`, all keys that end so are none. */
  readonly aside?: string;
  /** New records are logged by name, under this word. */
  readonly told?: string;
}

/** The kinds of record there are, parents before children: the order in which they can be written. */
export type Catalogue = ReadonlyMap<KindName, Kind>;

/** No glob character, because of the mirror's pattern, and no mark of the stream's fields (nominate.ts). */
const nameForm = /^[a-z][a-z0-9_]*$/;
/** Of the user's own: no mark at its end, and not what the stream calls something else. */
export const ownNameForm = /^(?!too-large$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9_])?$/;

/** Makes a catalogue of these rows. @throws when they make none */
export function catalogueOf(rows: readonly Kind[]): Catalogue {
  const catalogue = new Map<KindName, Kind>();
  for (const kind of rows) {
    const { name, parents, shape, series, own } = kind;
    const isNamed = (other: Kind | undefined) => other?.own !== undefined && isNamedByOne(other.own);
    const early =
      parents.find((parent) => catalogue.get(parent.kind)?.identity !== 'mapped') ??
      own?.refers.find((other) => !isNamed(catalogue.get(other.kind)));
    const form = own === undefined ? nameForm : ownNameForm;
    if (!form.test(name) || catalogue.has(name)) throw new Error(`${name} is no name for a kind`);
    if (early !== undefined) throw new Error(`${name} refers to ${early.kind}, which has to come before it`);
    if ((kind.identity === 'own') !== (own !== undefined))
      throw new Error(`${name}: the identity own, and no other, has a key template`);
    if ((shape === 'members') !== (series !== undefined))
      throw new Error(`${name}: members, and nothing else, have a series`);
    catalogue.set(name, kind);
  }
  for (const { name, counter, index, names } of rows) {
    for (const key of [counter, index?.key, names]) {
      const taken = key === undefined ? undefined : rows.find((kind) => isRecordKey(kind, key));
      if (taken !== undefined) throw new Error(`${key ?? ''} of ${name} would be a record of ${taken.name}`);
    }
  }
  if (rows.filter(({ packed }) => packed).length > 1) throw new Error('one kind at the most can be packed');
  return catalogue;
}

const isRecordKey = ({ prefix, aside, own }: Kind, key: string): boolean =>
  own?.parts.length === 0
    ? key === prefix
    : key.startsWith(prefix) && !isAside(aside, key.slice(prefix.length));

/** Whether a key is something else than a record of the kind. @param id what follows the prefix in it */
export const isAside = (aside: string | undefined, id: string): boolean =>
  aside !== undefined && (aside.startsWith('*') ? id.endsWith(aside.slice(1)) : id === aside);

/** The kinds that a kind's records refer to. */
export const parentKindsOf = ({ parents, own }: Kind): readonly KindName[] =>
  (own?.refers ?? parents).map(({ kind }) => kind);

/** What becomes of the row of a record of this kind that the application deletes. @param onDelete of the kinds that do not say */
export const onDeleteOf = (
  { own }: Pick<Kind, 'own'>,
  onDelete: 'keep' | 'delete',
): 'keep' | 'delete' | 'mark' => own?.onDelete ?? onDelete;

/** The kinds that are not the user's own. */
export const registryOf = (catalogue: Catalogue): Catalogue =>
  new Map([...catalogue].filter(([, { own }]) => own === undefined));

/** What all keys of the registry begin with, those of its counters and indexes as well; '': there is no registry. */
export const registryStart = (catalogue: Catalogue): string =>
  commonStart([...registryOf(catalogue).values()].map(({ prefix }) => prefix));

export type OwnKind = Kind & { readonly own: OwnRecord };

export const isOwn = (kind: Kind): kind is OwnKind => kind.own !== undefined;

/** The kinds that are the user's own. */
export const ownKindsOf = oncePer((catalogue: Catalogue): readonly OwnKind[] =>
  [...catalogue.values()].filter(isOwn),
);

/** The kind of a name. @throws when there is none */
export function kindOf(catalogue: Catalogue, name: KindName): Kind {
  const kind = catalogue.get(name);
  if (kind === undefined) throw new Error(`no kind ${name}`);
  return kind;
}

/** The column that tells how old a record is: its creation time or, for a kind without one, the first column with a time. */
export const ageColumnOf = ({ created, columns }: Kind): Column | undefined =>
  columns.find(({ field, decoder }) => (created === undefined ? decoder === 'time' : field === created));

/** Fills the parents' ids into a pattern of an index. */
export const withIds = (pattern: string, parents: readonly string[]): string =>
  pattern.replace(/\{(\d)\}/g, (_place, at: string) => parents[Number(at)] ?? '');

export const packedKind = (catalogue: Catalogue): Kind | undefined =>
  [...catalogue.values()].find(({ packed }) => packed);

/** The names of the kinds for which `is` holds. */
export const namesWhere = (catalogue: Catalogue, is: (kind: Kind) => boolean): readonly KindName[] =>
  [...catalogue.values()].filter(is).map(({ name }) => name);
