import { isMappingName, mappingNameRule } from '../mapping-name';
import { unlike } from './readers';
import type { Entry, Placed, Value } from './value';

/**
 * The mappings of a section by their names; what is wrong was refused. A section without any is as good as none: people write mappings
 * as comments.
 */
export function readSection<T>(
  section: Value,
  read: (entry: Entry) => Placed<T> | null,
): readonly Placed<T>[] {
  if (section.kind === 'nothing') return [];
  if (section.kind !== 'map') {
    unlike(section, 'a map of mappings by their names');
    return [];
  }
  return section.entries.flatMap((entry) => {
    if (!isMappingName(entry.key)) entry.at.refuse(`the name ${mappingNameRule}`);
    const mapping = read(entry);
    return mapping === null ? [] : [mapping];
  });
}
