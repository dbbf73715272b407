import { nearest } from '../../../foundation/nearest';
import type { RecordMapping } from '../../own-records';
import { isEach, itemWords } from '../../record-forms';
import type { ReadParent } from './record-words';
import type { Placed, Value } from '../value';

/** A record as it was read, and where its parts are. */
export interface ReadRecord {
  readonly said: Omit<RecordMapping, 'parents'>;
  readonly parents: readonly ReadParent[];
  readonly tableAt: Value;
}

/** Refuses parents that are not there, that no single value names, or that come round in a circle. */
export function checkParents(read: readonly Placed<ReadRecord>[]): void {
  const byName = new Map(read.map((one) => [one.name, one.mapping]));
  const told = new Set<string>();
  for (const { mapping } of read) {
    for (const { column, record, at, from } of mapping.parents) {
      if ('field' in from) checkField(mapping, from.field, at);
      const parent = byName.get(record);
      if (parent === undefined) {
        const meant = nearest(record, [...byName.keys()]);
        at.refuse(
          `there is no record ${record} here${meant === undefined ? '' : `: did you mean ${meant}?`}`,
        );
        continue;
      }
      const [part, second] = parent.said.key.parts;
      if (isEach(parent.said.holds))
        at.refuse(`a key of ${record} holds several records: a parent is named by its key`);
      else if (parent.said.born !== undefined)
        at.refuse(
          `${record} has identity: its keys come again for other records, so that none of them says which: leave the parent out, and let ${column} be a column`,
        );
      else if (second !== undefined)
        at.refuse(`the key of ${record} has several parts: a parent is named by one value`);
      const own =
        'part' in from ? mapping.said.key.parts.find(({ column }) => column === from.part) : undefined;
      if (own !== undefined && part !== undefined && own.type !== part.type)
        at.refuse(`{${own.column}} is ${own.type}, and the key of ${record} is ${part.type}`);
    }
    const circle = circleFrom(mapping, byName, []);
    if (circle === undefined || told.has(mapping.said.name)) continue;
    for (const name of circle) told.add(name);
    mapping.parents[0]?.at.refuse(
      `a circle of parents, ${circle.join(' -> ')}: none of them could come first`,
    );
  }
}

/** Refuses a field that what a key holds cannot have. */
function checkField({ said: { holds } }: ReadRecord, field: string, at: Value): void {
  if (holds === 'string' && field !== '$value')
    at.refuse('a string has no fields: its value is the field $value');
  if (!isEach(holds) || !field.startsWith('$') || field in itemWords[holds]) return;
  const words = Object.keys(itemWords[holds]).join(', ');
  at.refuse(`its field ${field} is none of ${words}, which each: ${holds} knows`);
}

/** The way from a record over its parents back to itself. */
function circleFrom(
  { said: { name }, parents }: ReadRecord,
  byName: ReadonlyMap<string, ReadRecord>,
  above: readonly string[],
): readonly string[] | undefined {
  if (above[0] === name) return [...above, name];
  if (above.includes(name)) return undefined; // a circle that others tell of
  for (const { record } of parents) {
    const parent = byName.get(record);
    const circle = parent && circleFrom(parent, byName, [...above, name]);
    if (circle !== undefined) return circle;
  }
  return undefined;
}
