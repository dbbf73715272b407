import { readAsset } from '../../foundation/package-root';
import type { Keyspace } from '../../mapping/documents';
import { pack } from './packed';

const held = readAsset('src/aliases/sink/lua/held.lua');

/** The scripts that look at keys of all kinds begin with the same functions. */
export const applyScript = held + readAsset('src/aliases/sink/lua/apply.lua');
export const compareScript = held + readAsset('src/aliases/sink/lua/compare.lua');
export const readTextsScript = held + readAsset('src/aliases/sink/lua/read-texts.lua');

/**
 * How the scripts are told what keys hold and for how long, and their wanted values: texts are packed, else what the texts say is one JSON array.
 * @param exact also the lifetime of plain strings counts
 */
export const wantedArguments = (
  { holds, ttl }: Keyspace,
  values: readonly string[],
  exact = false,
): readonly [holds: string, milliseconds: string, values: string | Buffer] => [
  holds,
  String(ttl !== undefined ? ttl * 1_000 : holds === 'string' && !exact ? -1 : 0),
  holds === 'string' ? pack(values) : `[${values.map((value) => (value === '' ? '""' : value)).join()}]`,
];
