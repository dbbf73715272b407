import { inFew } from '../foundation/in-few';
import { harmless } from '../foundation/harmless';
import { splitTemplate } from '../mapping/key-template';
import { type Keys, overlap } from '../mapping/file/rules';
import { isEach } from '../mapping/record-forms';
import { systemColumns } from './columns';
import type { LeftOut } from './documents';
import { type Held, heldBy } from './held';
import {
  formOf,
  isSingle,
  type KeyShape,
  placesIn,
  prefixOf,
  shapeText,
  templateOf,
} from './redis/key-shapes';
import { lifetime, memory } from './measures';
import type { SampledShape } from './redis/look-redis';
import { purposeOf } from './redis/known-keys';
import type { MappedRecord } from './postgres-tables';
import { unreadable } from './redis/redis-sample';
import { namesFor } from './record-names';
import { freeName } from './words';

export interface ProposedRecord extends Held {
  readonly name: string;
  /** With types: `user:{id:int}`. */
  readonly key: string;
  readonly table: string;
  /** What is taken out of a key that holds many is deleted. */
  readonly deletes: boolean;
}

/** What others have: what is proposed is added. */
export interface Taken {
  readonly keys: OwnedKeys[];
  readonly names: Set<string>;
  readonly tables: Set<string>;
  /** What Millrace has made of keys before: its tables are in nobody's way. */
  readonly mapped?: readonly MappedRecord[];
}

export interface OwnedKeys extends Keys {
  /** Of a record that is proposed. */
  readonly shape?: KeyShape;
}

/** What keys of one shape hold becomes rows of a table. Pure, but for what is added to `taken`. @param maxRecordBytes larger keys would be parked */
export function proposeRecords(
  sampled: readonly SampledShape[],
  taken: Taken,
  maxRecordBytes: number,
): { readonly records: readonly ProposedRecord[]; readonly leftOut: readonly LeftOut[] } {
  const records: ProposedRecord[] = [];
  const leftOut: LeftOut[] = [];
  for (const one of sampled) {
    const proposed = isLoneString(one)
      ? 'strings whose keys are like no other'
      : propose(one, taken, maxRecordBytes);
    if (typeof proposed === 'string') leftOut.push({ name: shapeText(one.shape), why: proposed });
    else records.push(proposed);
  }
  return { records, leftOut: gathered(leftOut) };
}

/** Those that are left out for one reason are said at once: a library may have a hundred shapes. */
function gathered(leftOut: readonly LeftOut[]): readonly LeftOut[] {
  const reasons = new Map<string, string[]>();
  for (const { name, why } of leftOut) reasons.set(why, [...(reasons.get(why) ?? []), name]);
  return [...reasons].map(([why, names]) => ({ name: inFew(names), why }));
}

const isLoneString = ({ shape, library }: SampledShape): boolean =>
  shape.type === 'string' && isSingle(shape) && library === undefined;

function propose(
  { shape, contents, library }: SampledShape,
  { keys, names, tables, mapped = [] }: Taken,
  maxRecordBytes: number,
): ProposedRecord | string {
  if (library !== undefined) return `keys of ${library}`;
  if (shape.type === unreadable) return 'our user may not read them';
  const single = isSingle(shape);
  const prefix = prefixOf(shape);
  const hasBraces = shape.parts.some((part) => 'literal' in part && /[{}]/.test(part.literal));
  if (hasBraces || typeof splitTemplate(templateOf(shape)) === 'string' || /\s/.test(prefix))
    return 'its keys cannot be written as a template';
  const owned = { prefix, single, parts: formOf(shape) };
  const other = keys.find((one) => overlap(one, owned));
  if (other !== undefined) return clashWith(other, shape);
  const expiring = contents.filter(({ expires }) => expires !== undefined);
  const expires = contents.length > 0 && expiring.length * 2 >= contents.length;
  const purpose = purposeOf(shape, expires);
  if (purpose !== undefined) return purpose;
  const largest = Math.max(0, ...contents.map((one) => one.memory ?? 0));
  if (largest > maxRecordBytes) return `${memory(largest)} in one key: more than MAX_RECORD_SIZE is parked`;
  if (contents.every(({ texts, fields }) => texts.length === 0 && fields.length === 0))
    return 'too large to look into, or gone';
  const taken = new Set<string>([
    ...shape.parts.flatMap((part) => ('place' in part ? [part.place] : [])),
    ...systemColumns,
  ]);
  const held = heldBy(shape.type, { contents, taken, single, places: (key) => placesIn(shape, key) });
  if (typeof held === 'string') return held;
  const isMany = isEach(held.holds) && held.holds !== 'entry';
  const span = lifetime(Math.max(0, ...expiring.map((one) => one.expires ?? 0)));
  if (expires && (isMany || held.holds === 'string'))
    return `they expire, within ${span}: counters, limits or a cache`;
  keys.push({ ...owned, shape });
  const { name, table } = namesFor(shape);
  const before = mapped.find(
    (one) => one.prefix === prefix && isOf(table, one.table) && !names.has(one.name),
  );
  const own =
    before?.table ?? (tables.has(table) ? freeName([`redis_${table}`], tables) : freeName([table], tables));
  return {
    ...held,
    ...{
      name: freeName([before?.name ?? [], name].flat(), names),
      key: templateOf(shape),
      table: own,
      deletes: isMany,
    },
    remarks: [
      ...(own === table ? [] : [`a table ${table} is there already, or in this file`]),
      ...held.remarks,
      ...(expires ? [`they expire, within ${span}: their rows stay`] : []),
      ...(held.holds === 'element'
        ? ['a row is told by its place: what is pushed to the left moves all']
        : []),
      ...(isMany && largest > large
        ? [`up to ${memory(largest)} a key, which is read whole at each change`]
        : []),
    ],
  };
}

/** Whether a table has the name that is wanted, or one that was proposed in its place. */
const isOf = (wanted: string, table: string): boolean =>
  table === wanted || table.startsWith(`redis_${wanted}`);

/** Bytes of a key that it takes a while to read. */
const large = 1024 ** 2;

function clashWith(other: OwnedKeys, shape: KeyShape): string {
  if (other.shape === undefined)
    return `${harmless(prefixOf(shape))} is, or is in, the prefix ${harmless(other.prefix)} of another mapping`;
  const theirs = shapeText(other.shape);
  if (theirs === shapeText(shape))
    return `${shape.type}, and others of these are ${other.shape.type}: a record is of one type, and these are parked`;
  return `they begin like ${harmless(theirs)}, of which there are more`;
}
