import type { OwnRecord } from '../own-key';

/** A mistake in a file, where it is: lines and columns count from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface Place {
  /** Where it is in the file's structure: `documents.team.ttl`; empty for the whole. */
  readonly path: string;
  /** Says that something is wrong here. Returns null, so that a reader can end with it. */
  readonly refuse: (message: string) => null;
}

/**
 * What a file says at one place, freed of YAML: sections read these, and say what is wrong with them. `source` is a scalar as it was
 * written, for numbers that must not lose digits.
 */
export type Value = Place &
  (
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'number'; readonly number: number; readonly source: string }
    | { readonly kind: 'boolean'; readonly boolean: boolean; readonly source: string }
    | { readonly kind: 'nothing' }
    /** Something is wrong with it that was told already. */
    | { readonly kind: 'refused' }
    | { readonly kind: 'list'; readonly items: readonly Value[] }
    | { readonly kind: 'map'; readonly entries: readonly Entry[] }
  );

/** What stands before and behind a colon; what is wrong with the key is refused at `at`. */
export interface Entry {
  readonly key: string;
  readonly at: Place;
  readonly value: Value;
}

/** A mapping that a section has read, with what the rules between all mappings ask: see `rules.ts`. */
export interface Placed<T> {
  readonly name: string;
  /** What all its keys begin with. */
  readonly prefix: string;
  /** The prefix is the one key that it has, as of a stream of the user's. */
  readonly single?: boolean;
  /** Of records: the parts of their keys, by whose form they are told from others that begin so. */
  readonly parts?: OwnRecord['parts'];
  /** The name in the file. */
  readonly at: Place;
  /** The key template in the file. */
  readonly keyAt: Place;
  readonly mapping: T;
}

/** Reads a section, `documents` or `records`: what is wrong is refused at its place, and what is right is returned. */
export type Section<T> = (section: Value) => readonly Placed<T>[];
