import { ownRecordOf, recordOf } from '../archive/record/key';
import { keyPrefix } from '../mapping/alias-tables';
import type { DocumentMapping } from '../mapping/documents';
import { type Catalogue, type KindName, ownKindsOf, prefixOf, registryOf } from '../mapping/kinds';
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
  const record = (rest: string): Traced | undefined => {
    const found = recordOf(catalogue, Buffer.from(rest).toString('latin1'));
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
  if (text.startsWith('aidb:')) {
    const found = record(text.slice('aidb:'.length));
    if (found !== undefined) return found;
    throw refuse(
      /^aidb:(idx|counter):|name_to_id$|:runs$/.test(text)
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
  const both = [record(short), alias(short)].filter((one) => one !== undefined);
  const [only] = both;
  if (both.length === 1 && only !== undefined) return only;
  throw refuse(both.length === 0 ? `${text} is no key of ours` : `${text} may be a record or an alias`);
}

/** A record of the user's own: such a key is named whole. */
function ownRecord(
  catalogue: Catalogue,
  text: string,
  refuse: (message: string) => Error,
): Traced | undefined {
  const found = ownRecordOf(catalogue, Buffer.from(text).toString('latin1'));
  if (found !== undefined) return { of: 'record', kind: found.kind, id: Buffer.from(found.id, 'latin1') };
  const kind = ownKindsOf(catalogue).find(({ own }) => own.parts.length > 0 && text.startsWith(own.prefix));
  if (kind === undefined) return undefined;
  throw refuse(`${text} is not of the form of the keys of ${kind.name}, and so no record`);
}

function refused(message: string, text: string, { aliasTables, documents = [], catalogue }: Keys) {
  const kinds = [...registryOf(catalogue).keys()];
  const types = aliasTables.map(({ type }) => type);
  const all = [
    ...(kinds.length > 0 ? [`aidb:<kind>:<id> (kinds: ${kinds.join(', ')})`] : []),
    ...(types.length > 0 ? [`alias:<type>:<alias> (types: ${types.join(', ')})`] : []),
    ...documents.map(({ key }) => key.text),
    ...ownKindsOf(catalogue).map(({ own: { prefix, parts } }) =>
      parts.length === 0 ? prefix : `${prefix}…`,
    ),
  ];
  const meant = nearestPrefix(text, [
    ...aliasTables.map(({ type }) => keyPrefix(type)),
    ...documents.map(({ key }) => key.prefix),
    ...[...catalogue.values()].map((kind) => prefixOf(kind)),
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
