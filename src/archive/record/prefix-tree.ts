import { commonStart } from '../../foundation/common-start';
import { oncePer } from '../../foundation/once-per';
import type { Catalogue, Kind } from '../../mapping/kinds';
import { latin1 } from '../../mapping/own-key';

interface Prefixed {
  readonly kind: Kind;
  /** As latin1, as keys come. */
  readonly prefix: string;
}

/** Kinds by what their keys begin with: some, or a choice by the character at a place up to which all of their prefixes are one. */
type Tree = readonly Prefixed[] | { readonly start: string; readonly by: readonly (Tree | undefined)[] };

const nothing: readonly Prefixed[] = [];

/** That of a catalogue. */
export const prefixTree = oncePer((catalogue: Catalogue): Tree =>
  treeOf([...catalogue.values()].map((kind) => ({ kind, prefix: latin1(kind.prefix) }))),
);

function treeOf(all: readonly Prefixed[]): Tree {
  const start = commonStart(all.map(({ prefix }) => prefix));
  // One of them is the beginning of the others, or there is one alone.
  if (all.length < 2 || all.some(({ prefix }) => prefix === start)) return all;
  const by: Tree[] = [];
  const initials = new Set(all.map(({ prefix }) => prefix.charCodeAt(start.length)));
  for (const initial of initials)
    by[initial] = treeOf(all.filter(({ prefix }) => prefix.charCodeAt(start.length) === initial));
  return { start, by };
}

/** The kinds whose prefix a key begins with, as a rule one. It runs for every key that Redis tells of. @param key latin1 */
export function withPrefixOf(tree: Tree, key: string): readonly Prefixed[] {
  let at = tree;
  while ('by' in at) {
    const next = at.by[key.charCodeAt(at.start.length)];
    if (next === undefined) return nothing;
    at = next;
  }
  const [first, second] = at;
  if (first !== undefined && second === undefined) return key.startsWith(first.prefix) ? at : nothing;
  return at.filter(({ prefix }) => key.startsWith(prefix));
}
