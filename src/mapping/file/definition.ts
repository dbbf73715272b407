import type { Each, RecordType } from '../record-forms';
import type { Included } from './mapping-file';

/** A file of mappings as an object: the same words, which docs/11-mappings.md explains. */
export interface MappingsDefinition {
  readonly version?: 1;
  readonly include?: readonly Included[];
  readonly documents?: Readonly<Record<string, DocumentDefinition>>;
  readonly records?: Readonly<Record<string, RecordDefinition>>;
}

export type DocumentDefinition = {
  readonly key: string;
  readonly ttl?: number;
  readonly watch?: Readonly<Record<string, WatchDefinition>>;
} & ({ readonly from: string; readonly where?: string } | { readonly sql: string }) &
  (
    | { readonly json: Fields<{ readonly column: string; readonly type: 'json' }> }
    | { readonly hash: Fields<never> }
    | { readonly string: string }
    | { readonly list: string }
    | { readonly set: string }
    | { readonly zset: { readonly member: string; readonly score: string } }
  );

/** Columns, or columns by field. */
type Fields<Typed> = readonly string[] | Readonly<Record<string, string | Typed>>;

type WatchDefinition =
  string | readonly string[] | { readonly by: string | readonly string[]; readonly select: string };

type Typed = RecordType | `${RecordType}!`;
type Columns = Readonly<
  Record<string, Typed | { readonly field?: string; readonly type: Typed; readonly none?: string | number }>
>;

type ParentDefinition =
  | string
  | { readonly record: string; readonly id: string }
  | { readonly record: string; readonly field?: string; readonly required?: boolean };

export type RecordDefinition = {
  readonly key: string;
  readonly table: string;
  /** The parts of the key, and the column with the creation time: keys come again for other records. */
  readonly identity?: readonly string[];
  readonly none?: string | number;
  readonly parents?: Readonly<Record<string, ParentDefinition>>;
  /** Columns that are unique each, or (in a list of their own) together. */
  readonly unique?: string | readonly (string | readonly string[])[];
  readonly on_conflict?: 'skip' | 'overwrite' | 'merge';
  readonly on_delete?: 'keep' | 'delete' | 'mark';
  readonly append_only?: boolean;
  /** `90d` */
  readonly retention?: string;
} & (
  | { readonly hash: Columns }
  | { readonly json: Columns }
  | { readonly string: Columns }
  | { readonly each: Each; readonly columns: ItemColumns }
);

/** A word such as `$field`, or a field of the JSON object, or of the entry. */
type ItemColumns = Readonly<
  Record<string, string | { readonly field: string; readonly type?: Typed; readonly none?: string | number }>
>;

/** The object as the text of a file: JSON is YAML. */
export const definitionText = (definition: object): string => JSON.stringify({ version: 1, ...definition });
