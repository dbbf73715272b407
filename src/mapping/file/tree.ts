import { isAlias, isCollection, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';
import { harmless } from '../../foundation/harmless';
import type { Problems } from './problems';
import type { Entry, Place, Value } from './value';

/** Deeper than any word of the file. */
const maxDepth = 16;

/** A node as the library has it, and where: `offset` is that of its key, or of what it is an item of. */
interface At {
  readonly node: unknown;
  readonly path: string;
  readonly depth: number;
  readonly offset: number;
  readonly problems: Problems;
}

/** What the YAML says, as values that know where they are. Anchors, aliases, tags and keys that are there twice are refused. */
export const treeOf = (root: unknown, problems: Problems): Value =>
  valueOf({ node: root, path: '', depth: 0, offset: 0, problems });

function valueOf(at: At): Value {
  const { node } = at;
  const place = placeOf(isNodeThere(node) ? (node.range?.[0] ?? at.offset) : at.offset, at);
  const refused = (message: string): Value => {
    place.refuse(message);
    return { ...place, kind: 'refused' };
  };
  if (isAlias(node)) return refused(`*${node.source} refers to another place: write it out`);
  if (at.depth > maxDepth) return refused('too deep: nothing in this file is nested so far');
  if (isCollection(node) || isScalar(node)) {
    if (node.anchor !== undefined)
      return refused(`&${node.anchor} names a place for others to refer to: write it out there`);
    if (node.tag !== undefined) return refused(`a tag (${node.tag}): leave it out`);
  }
  if (isMap(node)) return { ...place, kind: 'map', entries: entriesOf(node.items, at) };
  if (isSeq(node))
    return {
      ...place,
      kind: 'list',
      items: node.items.map((item, index) =>
        valueOf({ ...below(at, `[${index + 1}]`), node: item, offset: offsetOf(node, at.offset) }),
      ),
    };
  if (!isScalar(node) || node.value === null) return { ...place, kind: 'nothing' };
  const source = node.source ?? '';
  if (typeof node.value === 'number') return { ...place, kind: 'number', number: node.value, source };
  if (typeof node.value === 'boolean') return { ...place, kind: 'boolean', boolean: node.value, source };
  return { ...place, kind: 'text', text: typeof node.value === 'string' ? node.value : source };
}

function entriesOf(pairs: readonly Pair[], at: At): readonly Entry[] {
  const seen = new Set<string>();
  return pairs.flatMap(({ key, value }) => {
    const offset = offsetOf(key, at.offset);
    if (!isScalar(key) || key.anchor !== undefined || key.tag !== undefined) {
      placeOf(offset, at).refuse('a key is a plain word');
      return [];
    }
    // A key that looks like a number is a name, too, as it was written.
    const name = typeof key.value === 'string' ? key.value : (key.source ?? '');
    const entry = { ...below(at, name), offset };
    const place = placeOf(offset, entry);
    if (seen.has(name)) {
      place.refuse('is there twice: keep one of them');
      return [];
    }
    seen.add(name);
    return { key: name, at: place, value: valueOf({ ...entry, node: value }) };
  });
}

const below = (at: At, step: string): At => ({
  ...at,
  path: at.path === '' || step.startsWith('[') ? at.path + step : `${at.path}.${step}`,
  depth: at.depth + 1,
});

const placeOf = (offset: number, { path, problems }: At): Place => ({
  path,
  refuse: (message) => {
    problems.add(offset, path === '' ? message : `${harmless(path)}: ${message}`);
    return null;
  },
});

const offsetOf = (node: unknown, otherwise: number): number =>
  (isScalar(node) || isCollection(node) ? node.range?.[0] : undefined) ?? otherwise;

/** Whether it has a place of its own; a block, or nothing at all, is best found by its key. */
const isNodeThere = (node: unknown): node is Node =>
  isAlias(node) ||
  (isCollection(node) && node.flow === true) ||
  (isScalar(node) && (node.source ?? '') !== '');
