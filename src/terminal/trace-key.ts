import { recordOf } from '../archive/record/key';
import { isEntryId } from '../archive/stream/entry-id';
import { keyPrefix } from '../mapping/alias-tables';
import { latin1 } from '../mapping/own-key';
import type { DocumentMapping } from '../mapping/documents';
import {
  type Catalogue,
  isAside,
  type KindName,
  ownKindsOf,
  registryOf,
  registryStart,
} from '../mapping/kinds';
import type { Config } from '../config/load';
import { fatal } from '../foundation/errors';
import { nearest } from '../foundation/nearest';

/** What `trace` is asked about. */
export type Traced =
  | { readonly of: 'alias'; readonly type: string; readonly alias: string }
  /** `name`: what comes behind the prefix. */
  | { readonly of: 'document'; readonly document: DocumentMapping; readonly name: string }
  | { readonly of: 'record'; readonly kind: KindName; readonly id: Buffer };

/** What keys there are. */
type Keys = Pick<Config, 'aliasTables' | 'catalogue'> & Partial<Pick<Config, 'documents'>>;

/**
 * Parses a Redis key (`aidb:prediction:17`, `alias:team:rmcf`, `product:1`), or one of what is built in without its first word
 * (`prediction:17`, `team/rmcf`). @throws E_TRACE_KEY with what could be meant
 */
export function parseTraced(text: string, keys: Keys): Traced {
  const { aliasTables, documents = [], catalogue } = keys;
  const types = aliasTables.map(({ type }) => type);
  const refuse = (message: string) => refused(message, text, keys);
  const start = registryStart(catalogue);
  const record = (key: string): Traced | undefined => {
    const found = recordOf(catalogue, latin1(key));
    return found === undefined || found.id === ''
      ? undefined
      : { of: 'record', kind: found.kind, id: Buffer.from(found.id, 'latin1') };
  };
  const alias = (rest: string): Traced | undefined => {
    const type = types.find((one) => rest.startsWith(`${one}:`));
    return type === undefined ? undefined : { of: 'alias', type, alias: rest.slice(type.length + 1) };
  };
  const own = ownRecord(catalogue, text, refuse);
  if (own !== undefined) return own;
  const document = documents.find(({ key }) => text.startsWith(key.prefix));
  if (document !== undefined)
    return { of: 'document', document, name: text.slice(document.key.prefix.length) };
  if (start !== '' && text.startsWith(start)) {
    const found = record(text);
    if (found !== undefined) return found;
    throw refuse(
      isAccessory(catalogue, text)
        ? `${text} is an index or a counter of the applications, and no record`
        : `${text} is no key of a record`,
    );
  }
  if (text.startsWith('alias:')) {
    const found = alias(text.slice('alias:'.length));
    if (found !== undefined) return found;
    throw refuse(`${text} is of no type that is served here`);
  }
  const short = text.replace('/', ':');
  const both = [start === '' ? undefined : record(start + short), alias(short)].filter(
    (one) => one !== undefined,
  );
  const [only] = both;
  if (both.length === 1 && only !== undefined) return only;
  throw refuse(both.length === 0 ? `${text} is no key of ours` : `${text} may be a record or an alias`);
}

/** @throws E_TRACE_KEY when an entry is named of what is no stream, or by no id */
export function requireEntry(traced: Traced, { catalogue }: Keys, entry: string): void {
  const kind = traced.of === 'record' ? catalogue.get(traced.kind) : undefined;
  if (kind?.shape !== 'entries')
    throw fatal('an entry is named, but the key is none of a stream', {
      code: 'E_TRACE_KEY',
      hint: 'Name the key alone. (A key with spaces needs quotes.)',
    });
  if (!isEntryId(entry))
    throw fatal(`${entry} is no id of an entry`, {
      code: 'E_TRACE_KEY',
      hint: 'Name it as Redis does, as in 1526919030474-55: XRANGE shows it.',
    });
}

/** A record of the user's own: such a key is named whole. */
function ownRecord(
  catalogue: Catalogue,
  text: string,
  refuse: (message: string) => Error,
): Traced | undefined {
  const kind = ownKindsOf(catalogue).find(({ prefix, own }) =>
    own.parts.length === 0 ? text === prefix : text.startsWith(prefix),
  );
  if (kind === undefined) return undefined;
  const found = recordOf(catalogue, latin1(text));
  if (found !== undefined) return { of: 'record', kind: found.kind, id: Buffer.from(found.id, 'latin1') };
  throw refuse(`${text} is not of the form of the keys of ${kind.name}, and so no record`);
}

/** Whether a key lists records, or counts them, going by the keys that the catalogue names for that. */
const isAccessory = (catalogue: Catalogue, text: string): boolean =>
  [...catalogue.values()].some(
    ({ prefix, counter, index, names, aside }) =>
      text === counter ||
      text === names ||
      (index !== undefined && startsAs(text, index.key)) ||
      (text.startsWith(prefix) && isAside(aside, text.slice(prefix.length))),
  );

/** Whether a text begins as a pattern does up to its first place. */
const startsAs = (text: string, pattern: string): boolean => {
  const [literal = '', ...places] = pattern.split(/\{\d\}/);
  return places.length === 0 ? text === pattern : text.startsWith(literal);
};

function refused(message: string, text: string, { aliasTables, documents = [], catalogue }: Keys) {
  const kinds = [...registryOf(catalogue).keys()];
  const types = aliasTables.map(({ type }) => type);
  const all = [
    ...(kinds.length > 0 ? [`${registryStart(catalogue)}<kind>:<id> (kinds: ${kinds.join(', ')})`] : []),
    ...(types.length > 0 ? [`alias:<type>:<alias> (types: ${types.join(', ')})`] : []),
    ...documents.map(({ key }) => key.text),
    ...ownKindsOf(catalogue).map(({ prefix, own }) => (own.parts.length === 0 ? prefix : `${prefix}…`)),
  ];
  const meant = nearestPrefix(text, [
    ...aliasTables.map(({ type }) => keyPrefix(type)),
    ...documents.map(({ key }) => key.prefix),
    ...[...catalogue.values()].map(({ prefix }) => prefix),
  ]);
  const hint = `Name ${all.join(' or ')}.`;
  return fatal(message, {
    code: 'E_TRACE_KEY',
    hint: meant === undefined ? hint : `Did you mean ${meant}…? ${hint}`,
  });
}

/** The prefix that was probably meant, going by what comes before the last word of the key. */
const nearestPrefix = (text: string, prefixes: readonly string[]): string | undefined => {
  const head = /^.*[^\p{L}\p{N}]/su.exec(text)?.[0];
  return head === undefined ? undefined : nearest(head, prefixes);
};
