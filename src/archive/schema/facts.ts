import type { ClientBase } from 'pg';
import type { Catalogue } from '../../mapping/kinds';
import { type MappedBefore, readMapped, strangeTables } from './own/mapped';
import { queryFile, queryJson } from './query-json';

/** What examination and migration know of a database, read from its catalogue alone. Shapes: server.sql and tables.sql. */
export interface SchemaFacts {
  readonly server: PostgresServer;
  /** The archive's tables as found in the target schema, by name. */
  readonly tables: ReadonlyMap<string, TableFacts>;
  /** The tables in the schema millrace, by name. */
  readonly own: ReadonlyMap<string, TableFacts>;
  /** Rows of millrace.migrations, none when it does not exist; undefined when this role may not read it. */
  readonly applied: readonly AppliedMigration[] | undefined;
  /** The mappings of the user's own that are, or were, in force. */
  readonly mapped: readonly MappedBefore[];
  /** Names of tables whose rows nobody has said whose they are: see mapped.ts. */
  readonly strange: ReadonlySet<string>;
}

export interface PostgresServer {
  /** server_version_num: 130000 and more. */
  readonly versionNumber: number;
  readonly version: string;
  readonly encoding: string;
  readonly standby: boolean;
  readonly readOnly: boolean;
  readonly role: string;
  readonly database: string;
  readonly searchPath: string;
  readonly usableSchemas: readonly string[];
  /** The target schema; null when no schema of search_path can be used. */
  readonly schema: string | null;
  readonly mayCreateTables: boolean;
  readonly mayCreateSchema: boolean;
  readonly mayCreateTemporary: boolean;
  readonly hasOwnSchema: boolean;
  readonly mayUseOwnSchema: boolean;
  readonly mayCreateInOwnSchema: boolean;
  /** Names of the functions in the schema millrace. */
  readonly functions: readonly string[];
}

export interface TableFacts {
  readonly schema: string;
  readonly name: string;
  /** pg_class.relkind: r table, p partitioned, v view, m materialized view, f foreign table. */
  readonly kind: 'r' | 'p' | 'v' | 'm' | 'f';
  readonly unlogged: boolean;
  readonly owner: string;
  /** Whether this role has the owner's rights. */
  readonly owned: boolean;
  /** Whether row-level security applies to this role. */
  readonly rowSecurity: boolean;
  readonly estimatedRows: number;
  /** Those of SELECT, INSERT, UPDATE, DELETE, REFERENCES, TRIGGER that this role has. */
  readonly privileges: readonly string[];
  readonly columns: readonly ColumnFacts[];
  readonly indexes: readonly IndexFacts[];
  /** `parent` is the name of the table referred to. */
  readonly foreignKeys: readonly { readonly columns: readonly string[]; readonly parent: string }[];
  /** `before`: the events before which the trigger sees each row, and may change or drop it: `INSERT OR UPDATE`, or ''. */
  readonly triggers: readonly { readonly name: string; readonly ours: boolean; readonly before: string }[];
  readonly rules: readonly RuleFacts[];
  /** Other tables inherit from this one (INHERITS, not partitions): their rows count as its rows, but its indexes lack them. */
  readonly hasChildren: boolean;
  /** The sequence behind `id`, qualified and quoted; null: none. */
  readonly sequence: { readonly name: string; readonly usable: boolean } | null;
}

export interface RuleFacts {
  readonly name: string;
  readonly event: 'INSERT' | 'UPDATE' | 'DELETE';
  /** Whether the rule does something else instead of the statement. */
  readonly instead: boolean;
}

export interface ColumnFacts {
  readonly name: string;
  /** The type as format_type prints it: `character varying(255)`. */
  readonly type: string;
  /** pg_type.typname: `varchar`, `int4`, `json`. */
  readonly udt: string;
  /** pg_type.typcategory: S text, N number, E enum, … */
  readonly category: string;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  readonly identity: 'always' | 'by default' | null;
  readonly generated: boolean;
}

export interface IndexFacts {
  readonly name: string;
  /** Key columns; null stands for an expression. */
  readonly columns: readonly (string | null)[];
  readonly method: string;
  /** Whether the index enforces uniqueness at once, so that ON CONFLICT can use it. */
  readonly unique: boolean;
  readonly predicate: string | null;
}

export interface AppliedMigration {
  readonly number: number;
  readonly name: string;
  readonly target: string;
}

export const oldestVersion = 130_000;

/** The tables of the archive, parents before children. */
export const tablesOf = (catalogue: Catalogue): readonly string[] =>
  [...catalogue.values()].map(({ table }) => table);

/**
 * Reads the facts by three catalogue queries, which lock the tables no more than a SELECT does, and, of tables of the user's own that may
 * have rows of others, whether they have any. @throws pg's errors
 */
export async function readSchemaFacts(client: ClientBase, catalogue: Catalogue): Promise<SchemaFacts> {
  const [server] = await queryFile<PostgresServer>(client, 'server');
  if (server === undefined) throw new Error('server.sql returned no row');
  const empty = new Map<string, TableFacts>();
  const nothing = { applied: [], mapped: [], strange: new Set<string>() };
  if (server.versionNumber < oldestVersion) return { server, tables: empty, own: empty, ...nothing };
  const found = await queryFile<TableFacts>(client, 'tables', [server.schema, tablesOf(catalogue)]);
  const inSchema = (ours: boolean) =>
    new Map(found.filter(({ schema }) => (schema === 'millrace') === ours).map((row) => [row.name, row]));
  const [own, tables] = [inSchema(true), inSchema(false)];
  const mapped = server.mayUseOwnSchema ? await readMapped(client, own) : [];
  const strange = await strangeTables(client, catalogue, tables, mapped);
  const facts = { server, tables, own, mapped, strange };
  const record = own.get('migrations');
  if (record === undefined) return { ...facts, applied: [] };
  const readable = server.mayUseOwnSchema && record.privileges.includes('SELECT');
  const applied = readable
    ? await queryJson<AppliedMigration>(client, 'SELECT * FROM millrace.migrations ORDER BY number')
    : undefined;
  return { ...facts, applied };
}
