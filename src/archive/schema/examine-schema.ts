import type { ClientBase } from 'pg';
import { type Catalogue, type KindName, ownKindsOf } from '../../mapping/kinds';
import { inFew } from '../../foundation/in-few';
import { kindOfTable } from './expected-columns';
import { readSchemaFacts, type SchemaFacts, type PostgresServer, type TableFacts } from './facts';
import { latestMigration } from './migration-files';
import type { MappedBefore } from './mapped';
import { stoppedMappings } from './own-tables';
import { type DueStep, planMigration } from './plan';
import { type Problem, schemaProblem } from './problems';
import { schemaGrantProblems, serverProblems } from './server-problems';
import { ownershipProblems, tableGrantProblems } from './table-grants';
import { tableProblems } from './table-problems';
import { wideningProblems } from './widening';

/** What the daemon, the sink and `doctor` need to know of the database. */
export interface SchemaExamination {
  readonly server: PostgresServer;
  /** The target schema; null when no schema of search_path can be used. */
  readonly schema: string | null;
  /** The newest migration recorded, and the newest there is. `complete`: nothing is missing, whatever is recorded. */
  readonly migrated: { readonly to: number; readonly latest: number; readonly complete: boolean };
  /** The tables that were found, by kind. */
  readonly tables: ReadonlyMap<KindName, TableFacts>;
  /** What keeps us from writing the archive. Empty: nothing does. */
  readonly problems: readonly Problem[];
  /** The mappings of the user's own that cannot be served as their tables are, and why. The others are. */
  readonly stopped: ReadonlyMap<KindName, readonly Problem[]>;
  /** Those that were in force before, and are not any more. */
  readonly takenOut: readonly MappedBefore[];
}

/**
 * Reads Postgres' catalogue in three short queries; changes nothing, not even the session. Called at the start, and after an error of
 * class 42, for a table may change while the daemon runs. @throws pg's errors
 */
export async function examineSchema(
  client: ClientBase,
  catalogue: Catalogue,
  onDelete: 'keep' | 'delete' = 'keep',
): Promise<SchemaExamination> {
  const facts = await readSchemaFacts(client, catalogue);
  const due = facts.server.schema === null ? [] : planMigration(facts, catalogue);
  // If nothing is missing, but we may not read what was recorded, then the grants are the problem, not the migrations.
  const to = facts.applied === undefined ? latestMigration() : (facts.applied.at(-1)?.number ?? 0);
  const complete = due.length === 0 && to >= latestMigration();
  const problems = [...(await findProblems(client, { catalogue, facts, due, onDelete }))];
  if (!complete && facts.server.schema !== null) problems.push(notMigrated(facts, due));
  if (complete) problems.push(...missingTables(facts, catalogue));
  return {
    server: facts.server,
    schema: facts.server.schema,
    migrated: { to, latest: latestMigration(), complete },
    tables: new Map(
      [...catalogue.values()].flatMap((kind) => {
        const table = facts.tables.get(kind.table);
        return table === undefined ? [] : [[kind.name, table] as const];
      }),
    ),
    problems,
    takenOut: facts.mapped.filter(({ kind }) => !catalogue.has(kind)),
    stopped: facts.server.schema === null ? new Map() : stoppedMappings(facts, catalogue),
  };
}

interface ProblemOptions {
  readonly catalogue: Catalogue;
  readonly facts: SchemaFacts;
  readonly due: readonly DueStep[];
  readonly onDelete?: 'keep' | 'delete';
}

/** The problems that neither `migrate` nor the daemon can mend. */
export async function findProblems(
  client: ClientBase,
  { catalogue, facts: all, due, onDelete = 'keep' }: ProblemOptions,
): Promise<readonly Problem[]> {
  const facts = { ...all, tables: withoutOwn(all.tables, catalogue) };
  const problems = [...serverProblems(facts)];
  // Without a schema, or on an unknown version, nothing else can be looked at.
  if (facts.server.schema === null || problems.some(({ code }) => code === 'E_PG_VERSION')) return problems;
  problems.push(...schemaGrantProblems(facts, due));
  for (const table of facts.tables.values()) {
    const kind = kindOfTable(catalogue, table.name);
    if (kind !== undefined)
      problems.push(...tableProblems(kind, table, { role: facts.server.role, onDelete }));
  }
  problems.push(...ownershipProblems(facts, due, catalogue), ...tableGrantProblems(facts, onDelete));
  problems.push(...(await wideningProblems(client, facts, due)));
  return problems;
}

/** The tables of the registry: those of the user's own are judged one by one, and none of them stops the others. */
function withoutOwn(
  tables: ReadonlyMap<string, TableFacts>,
  catalogue: Catalogue,
): ReadonlyMap<string, TableFacts> {
  const own = new Set(ownKindsOf(catalogue).map(({ table }) => table));
  return new Map([...tables].filter(([name]) => !own.has(name)));
}

/** The tables that kinds name and the database lacks although it is migrated: no migration of ours makes them. */
const missingTables = ({ server, tables }: SchemaFacts, catalogue: Catalogue): readonly Problem[] =>
  [...catalogue.values()]
    .filter(({ table, own }) => own === undefined && !tables.has(table))
    .map(({ name, table }) =>
      schemaProblem(
        `there is no table ${server.schema ?? ''}.${table} for records of the kind ${name}`,
        `Create ${table} with the columns of the kind ${name}.`,
      ),
    );

function notMigrated({ server, applied }: SchemaFacts, due: readonly DueStep[]): Problem {
  const missing = due.map(({ thing }) => thing);
  const first = inFew(missing);
  return {
    code: 'E_PG_NOT_MIGRATED',
    message:
      applied?.length === 0
        ? `database ${server.database} has not been prepared for the archive`
        : `something the archive needs is missing in database ${server.database}: ${first || 'a record of the last migration'}`,
    hint: 'Run `millrace migrate`.',
  };
}
