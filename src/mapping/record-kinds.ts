import { identifiedKind } from './identified-kind';
import type { Kind } from './kinds';
import { ownKind, type RecordMapping } from './own-records';

/** The kinds of these mappings, parents before children. @throws when they refer to each other in a circle, or to none of them */
export function recordKinds(mappings: readonly RecordMapping[]): readonly Kind[] {
  const byName = new Map(mappings.map((mapping) => [mapping.name, mapping]));
  const ordered = new Map<string, Kind>();
  const visit = (mapping: RecordMapping, above: readonly string[]): void => {
    const { name, parents } = mapping;
    if (ordered.has(name)) return;
    if (above.includes(name)) throw new Error(`${[...above, name].join(' -> ')} is a circle of parents`);
    for (const { record } of parents) {
      const parent = byName.get(record);
      if (parent === undefined) throw new Error(`there is no record ${record}, which ${name} refers to`);
      visit(parent, [...above, name]);
    }
    const { identified } = mapping;
    const kind = identified === undefined ? ownKind(mapping, byName) : identifiedKind(mapping, identified);
    ordered.set(name, kind);
  };
  for (const mapping of mappings) visit(mapping, []);
  return [...ordered.values()];
}
