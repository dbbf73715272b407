import { type Catalogue, type Kind, kindOf, type Parent } from '../../mapping/kinds';
import { shapeOf } from '../record/shape';

/** Whether the parent's id is a part of the child's key, and not in a field. */
export const isNamed = ({ from }: Parent): boolean => typeof from === 'number';

/** The arguments of read.lua after the keys and the limits. */
export function parametersOf(kind: Kind, catalogue: Catalogue): readonly string[] {
  const createdField = (parent: Parent) => kindOf(catalogue, parent.kind).created ?? '';
  const named = kind.parents.filter(isNamed);
  const referred = kind.parents.filter((parent) => !isNamed(parent));
  const fields = [...referred.map(({ from }) => String(from)), ...shapeOf(kind).fields(kind)];
  return [
    String(named.length),
    ...named.map(createdField),
    String(fields.length),
    ...fields,
    String(referred.length),
    ...referred.flatMap((parent) => [kindOf(catalogue, parent.kind).prefix, createdField(parent)]),
  ];
}

/** The last arguments of read-packed.lua. */
export function packedArguments(kind: Kind, catalogue: Catalogue): readonly string[] {
  const [parent] = kind.parents;
  if (parent === undefined) throw new Error(`${kind.name} is packed and has no parent`);
  const { prefix, created = '' } = kindOf(catalogue, parent.kind);
  return [kind.prefix, prefix, created, String(parent.from), ...shapeOf(kind).fields(kind)];
}
