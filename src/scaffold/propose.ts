import { inFew } from '../foundation/in-few';
import type { AliasMapping } from '../mapping/alias-tables';
import { aiRegistryName, type BuiltIn, builtIns, isMeant } from './built-in';
import { type Candidate, type LeftOut, type OwnDocument, proposeDocuments } from './documents';
import type { Include, Proposal } from './file-text';
import type { Findings } from './look';
import type { FoundRedis } from './redis/look-redis';
import { ownPrefixes } from './prefixes';
import { proposeRecords } from './records';
import type { FoundTable } from './tables';

/** Tables of SQLite, and of ours: nobody looks for those in the file. */
const internal = /^(?:sqlite_|millrace_)/i;

export interface Circumstances {
  /** What was looked at, in words. */
  readonly sources: readonly string[];
  readonly aliasTables: readonly AliasMapping[];
  /** The kinds of the registry of models, and their tables. */
  readonly kinds: readonly { readonly name: string; readonly table: string }[];
  /** What its keys begin with. */
  readonly start: string;
}

/** What the file should say, going by what was found. Pure. */
export function propose(findings: Findings, { sources, aliasTables, kinds, start }: Circumstances): Proposal {
  const { tables, candidates, redis, postgres } = findings;
  const files = builtIns(aliasTables);
  const includes = [
    ...files.flatMap((one) => included(one, tables)),
    ...registry(findings, { start, kinds }),
  ];
  const isIncluded = (name: string) => includes.some((one) => one.included && one.name === name);
  const kept = files.filter(({ name }) => isIncluded(name));
  const served = kept.flatMap((one) => one.tables);
  const kindsKept = isIncluded(aiRegistryName) ? kinds : [];
  const names = new Set([
    ...served.map(({ mapping }) => mapping),
    ...kindsKept.map(({ name }) => name),
    ...noNames,
  ]);
  const owned = [...ownPrefixes(start), ...served.map(({ prefix }) => prefix)];
  const open = candidates.filter(
    (_one, at) =>
      !served.some((table) => isMeant(table, tables[at])) && !internal.test(tables[at]?.name ?? ''),
  );
  const inRedis = 'failed' in redis ? undefined : redis;
  const found = [...(inRedis?.keys ?? []).map(({ key }) => key), ...(inRedis?.met ?? [])];
  const ours = inRedis?.ours ?? new Map<string, OwnDocument>();
  const { documents, leftOut } = proposeDocuments(
    open.filter((one): one is Candidate => 'prefixes' in one),
    { owned, names, ours, isInUse: (prefix) => found.some((key) => key.startsWith(prefix)) },
  );
  const shapes = (inRedis?.shapes ?? []).filter(
    ({ shape }) => !served.some(({ prefix }) => shape.keys[0]?.startsWith(prefix) === true),
  );
  const known = postgres === undefined || 'failed' in postgres ? undefined : postgres;
  const records = proposeRecords(
    shapes,
    {
      names,
      keys: [...owned, ...documents.map(({ prefix }) => prefix)].map((prefix) => ({ prefix })),
      mapped: known?.mapped ?? [],
      tables: new Set([...(known?.tables ?? []), ...kindsKept.map(({ table }) => table)]),
    },
    inRedis?.maxRecordBytes ?? 0,
  );
  return {
    sources,
    includes,
    documents,
    documentsLeftOut: [...leftOut, ...open.filter((one): one is LeftOut => !('prefixes' in one))],
    records: records.records,
    recordsLeftOut: [...records.leftOut, ...(inRedis === undefined ? [] : notAsked(inRedis))],
    recordsHeldBack: known === undefined ? heldBack(postgres) : undefined,
  };
}

/** Words that a mapping cannot have for a name, though they look like one. */
const noNames = ['__proto__', 'too-large'];

/** What there is in Redis beside the keys that were looked into. */
function notAsked({ keys, ours, moreShapes, unnamed }: FoundRedis): readonly LeftOut[] {
  const has = (prefix: string) => keys.some(({ key }) => key.startsWith(prefix));
  const written = [...ours].filter(([prefix]) => has(prefix));
  return [
    ...written.map(([prefix, { name }]) => ({ name: `${prefix}*`, why: `written by the document ${name}` })),
    ...(has('alias:') ? [{ name: 'alias:*', why: 'written from the alias tables of SQLite' }] : []),
    ...(has('millrace:') ? [{ name: 'millrace:*', why: "Millrace's own" }] : []),
    ...(unnamed === 0
      ? []
      : [
          {
            name: `${unnamed === 1 ? 'a key' : `${unnamed} keys`} without a text for a name`,
            why: 'not UTF-8',
          },
        ]),
    ...(moreShapes === 0
      ? []
      : [{ name: `keys of ${moreShapes} more forms`, why: 'not looked into, for there are so many forms' }]),
  ];
}

/** A built-in file whose tables are there, or some of them. */
function included({ name, tables: meant }: BuiltIn, tables: readonly FoundTable[]): readonly Include[] {
  const found = tables.filter((table) => meant.some((one) => isMeant(one, table)));
  if (found.length === 0) return [];
  return [{ name, included: true, why: inFew(found.map((table) => table.name)) }];
}

function registry(
  { redis, postgres }: Findings,
  { start, kinds }: Pick<Circumstances, 'start' | 'kinds'>,
): readonly Include[] {
  const name = aiRegistryName;
  const hasTables = (tables: ReadonlySet<string>) => kinds.every(({ table }) => tables.has(table));
  if (postgres !== undefined && 'archive' in postgres && postgres.archive && hasTables(postgres.tables))
    return [{ name, included: true, why: 'Postgres has its archive' }];
  if ('failed' in redis)
    return [{ name, included: false, why: `not included, as Redis could not be asked for keys ${start}*` }];
  return redis.registry ? [{ name, included: true, why: `Redis has keys ${start}*` }] : [];
}

/** A table that is there already would be adopted: without Postgres nobody knows. */
const heldBack = (postgres: Findings['postgres']): string =>
  postgres === undefined ? 'POSTGRES_URL is not set' : 'Postgres has not answered';
