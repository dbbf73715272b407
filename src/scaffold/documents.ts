import { harmless } from '../foundation/harmless';
import type { Keyspace } from '../mapping/documents';
import { parseTemplate } from '../mapping/key-template';
import { clash } from './prefixes';
import { chooseKey, unfitColumn } from './table-key';
import type { FoundTable } from './tables';
import { freeName, singular, slug } from './words';

/** What the file says of a thing that it does not map. */
export interface LeftOut {
  readonly name: string;
  readonly why: string;
}

/** A table that can be served, and how its keys could be called. */
export interface Candidate {
  readonly table: string;
  readonly key: readonly string[];
  readonly columns: readonly string[];
  /** Of columns that are not in the document. */
  readonly remarks: readonly string[];
  /** In the order of preference. */
  readonly names: readonly string[];
  readonly prefixes: readonly string[];
}

export interface ProposedDocument {
  readonly name: string;
  readonly from: string;
  readonly prefix: string;
  readonly key: string;
  readonly json: readonly string[];
  readonly remarks: readonly string[];
}

/** SQLite's functions take a thousand arguments: names and values. */
const mostFields = 500;

/** What a document of the table could be; or why there can be none. Pure. */
export function candidateOf(found: FoundTable): Candidate | LeftOut {
  const { name, type } = found;
  const leftOut = (why: string): LeftOut => ({ name, why });
  if (type === 'view')
    return leftOut('a view, which cannot carry triggers: write a SELECT, with the tables that it watches');
  if (type !== 'table')
    return leftOut(
      type === 'shadow' ? 'it belongs to a virtual table' : 'a virtual table, which cannot carry triggers',
    );
  if (name.trim() === '' || /\p{Cc}/u.test(name))
    return leftOut('its name is empty, or has a control character');
  const key = chooseKey(found);
  if (typeof key === 'string') return leftOut(key);
  const faults = found.columns.map((column) => ({ column, fault: unfitColumn(column) }));
  const columns = faults.flatMap(({ column, fault }) => (fault === undefined ? [column.name] : []));
  const word = slug(name);
  const one = singular(word ?? name);
  return {
    table: name,
    key,
    columns: columns.slice(0, mostFields),
    remarks: [
      ...faults.flatMap(({ column, fault }) =>
        fault === undefined ? [] : [`${harmless(column.name)} ${fault}`],
      ),
      ...(columns.length <= mostFields
        ? []
        : [
            `without the columns after ${columns[mostFields - 1] ?? ''}: a document has ${mostFields} at the most`,
          ]),
    ],
    names: word === undefined ? ['table'] : [one, word],
    prefixes: [`${prefixWord(one)}:`, `doc:${prefixWord(word ?? name)}:`],
  };
}

/** Braces would be part of the template; what SCAN and people read is without spaces and globs. */
const prefixWord = (text: string): string => text.replace(/[\s{}:*?[\]\\]+/gu, '-');

/** A document that Millrace keeps in Redis already. */
export interface OwnDocument {
  readonly name: string;
  readonly holds: Keyspace['holds'];
}

export interface Occupied {
  /** Prefixes of mappings. */
  readonly owned: readonly string[];
  /** Whether Redis has keys under the prefix. */
  readonly isInUse: (prefix: string) => boolean;
  /** By prefix, what Millrace has made of tables before: its keys there are in nobody's way. */
  readonly ours: ReadonlyMap<string, OwnDocument>;
  /** Names of mappings. */
  readonly names: Set<string>;
}

/** Gives each table a name and a prefix of its own, under which nothing is. Pure, but for the names, to which it adds. */
export function proposeDocuments(
  candidates: readonly Candidate[],
  { owned, isInUse, ours, names }: Occupied,
): { readonly documents: readonly ProposedDocument[]; readonly leftOut: readonly LeftOut[] } {
  const documents: ProposedDocument[] = [];
  const leftOut: LeftOut[] = [];
  const prefixes = [...owned];
  for (const candidate of candidates) {
    const { table, key, columns, remarks } = candidate;
    const columnsOfKey = key.map((column) => `{${column}}`).join(':');
    const why = (prefix: string): string | undefined => {
      const template = parseTemplate(prefix + columnsOfKey);
      if (typeof template === 'string') return template;
      if (isInUse(prefix) && ours.get(prefix)?.holds !== 'string') return `Redis has keys under ${prefix}`;
      const other = prefixes.find((one) => clash(one, prefix));
      return other === undefined
        ? undefined
        : `${prefix} is, or is in, the prefix ${other} of another mapping`;
    };
    const prefix = candidate.prefixes.find((one) => why(one) === undefined);
    if (prefix === undefined) {
      const reasons = candidate.prefixes.map(why);
      leftOut.push({ name: table, why: `${reasons.join(', and ')}: choose another prefix` });
      continue;
    }
    prefixes.push(prefix);
    const passedOver = candidate.prefixes.slice(0, candidate.prefixes.indexOf(prefix)).map(why);
    documents.push({
      // Keys are known to be Millrace's by the name of their document.
      name: freeName([ours.get(prefix)?.name ?? [], candidate.names].flat(), names),
      from: table,
      prefix,
      key: prefix + columnsOfKey,
      json: columns,
      remarks: [...passedOver.filter((one) => one !== undefined), ...remarks],
    });
  }
  return { documents, leftOut };
}
