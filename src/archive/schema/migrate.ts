import type { ClientBase } from 'pg';
import { describeError, fatal } from '../../foundation/errors';
import { type Catalogue, type KindName, ownKindsOf } from '../../mapping/kinds';
import { pins } from '../../connections/postgres/postgres-session';
import { quoteName } from '../record/target';
import { findProblems } from './examine-schema';
import { readSchemaFacts, type SchemaFacts, tablesOf } from './facts';
import { type Migration, migrations } from './migration-files';
import { withPatience } from './patience';
import { type OwnStep, planOwnTables } from './own/own-tables';
import { type DueStep, planMigration } from './plan';
import { problemsError } from './problems';
import { lateSequences, type SequenceStep } from './sequences';
import { stepError } from './step-error';
import { tableOf } from './things';

export interface MigrateOptions {
  /** The kinds whose tables are looked at. */
  readonly catalogue: Catalogue;
  /** Of the mappings of the user's own these alone, and nothing else. */
  readonly only?: ReadonlySet<KindName>;
  /** Only tell what would be done. */
  readonly dryRun?: boolean;
  /** How long one lock is waited for at the most: meanwhile others wait behind us. */
  readonly lockTimeoutMs?: number;
  /** How long to go on trying while other sessions hold locks. */
  readonly patienceMs?: number;
}

export interface MigrationReport {
  readonly database: string;
  /** The target schema. */
  readonly schema: string;
  /** The things that were missing and have been made (with dryRun: would be), in order. */
  readonly steps: readonly { readonly thing: string; readonly sql: string }[];
  /** Tables that were there before Millrace, with the estimated number of their rows. */
  readonly adopted: readonly { readonly table: string; readonly rows: number }[];
  /** Numbers of the migrations recorded by this run. */
  readonly recorded: readonly number[];
  /** What the user's own mappings lack and could not be given: those are not served. */
  readonly failed: readonly { readonly kind: KindName; readonly message: string; readonly hint: string }[];
}

/** The lock (`mill` in ASCII) that makes two migrations at once wait for each other. */
const advisoryLock = 0x6d696c6c;

/** Settings that end with the transaction, as PgBouncer needs it. The role's own time limits are not meant for building indexes. */
const settings = [
  pins,
  'SET LOCAL statement_timeout = 0',
  'SET LOCAL idle_in_transaction_session_timeout = 0',
  'SET LOCAL client_min_messages = warning',
];

/**
 * Makes what is missing in one transaction; does nothing, and locks nothing, when the schema is complete.
 * @throws E_PG_… (fatal) with every problem and the statements that mend it; E_PG_BUSY (retryable) when locks stayed taken;
 * pg's own errors for everything else.
 */
export function migrate(client: ClientBase, options: MigrateOptions): Promise<MigrationReport> {
  const { lockTimeoutMs = 2_000, patienceMs = 30_000, dryRun = false, catalogue, only } = options;
  const attempt = async (): Promise<MigrationReport> => {
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
    try {
      for (const setting of settings) await client.query(setting);
      await client.query(`SET LOCAL lock_timeout = ${lockTimeoutMs}`);
      await client.query(`SELECT pg_advisory_xact_lock(${advisoryLock})`);
      const plan = await makePlan(client, catalogue, only);
      const failed = [...plan.report.failed];
      if (!dryRun) failed.push(...(await carryOut(client, plan)));
      const { command } = await client.query(dryRun ? 'ROLLBACK' : 'COMMIT');
      // COMMIT of an aborted transaction does not fail: it only says ROLLBACK.
      if (!dryRun && command !== 'COMMIT') {
        throw fatal('the migration was rolled back', {
          code: 'E_PG_SCHEMA',
          hint: 'Look at the log of Postgres.',
        });
      }
      const lost = new Set(failed.map(({ kind }) => kind));
      const made = plan.own.filter(({ kind }) => !lost.has(kind));
      const steps = [...plan.report.steps, ...made.map(({ thing, sql }) => ({ thing, sql }))];
      return { ...plan.report, steps, failed };
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined); // the first error is the one to tell
      throw error;
    }
  };
  return withPatience(client, { patienceMs, tables: tablesOf(catalogue) }, attempt);
}

interface Plan {
  readonly facts: SchemaFacts;
  readonly schema: string;
  readonly due: readonly DueStep[];
  readonly sequences: readonly SequenceStep[];
  readonly unrecorded: readonly Migration[];
  readonly own: readonly OwnStep[];
  readonly report: MigrationReport;
}

async function makePlan(
  client: ClientBase,
  catalogue: Catalogue,
  only: ReadonlySet<KindName> | undefined,
): Promise<Plan> {
  const facts = await readSchemaFacts(client, catalogue);
  const { schema, database } = facts.server;
  const due = schema === null || only !== undefined ? [] : planMigration(facts, catalogue);
  const [problem, ...more] = await findProblems(client, { catalogue, facts, due });
  if (problem !== undefined) throw problemsError([problem, ...more]);
  if (schema === null) throw new Error('unreachable: no target schema is a problem');
  const own = planOwnTables(facts, catalogue, only);
  const ownTables = new Set(ownKindsOf(catalogue).map(({ table }) => table));
  const others = new Map([...facts.tables].filter(([name]) => !ownTables.has(name)));
  const sequences = only === undefined ? await lateSequences(client, { ...facts, tables: others }) : [];
  const known = new Set(facts.applied?.map(({ number }) => number));
  const unrecorded = migrations().filter(({ number }) => !known.has(number));
  const adopted = (facts.applied?.length ?? 0) > 0 ? [] : [...facts.tables.values()];
  const report: MigrationReport = {
    database,
    schema,
    steps: [...due, ...sequences].map(({ thing, sql }) => ({ thing, sql })),
    adopted: adopted.map(({ name, estimatedRows }) => ({ table: name, rows: estimatedRows })),
    recorded: unrecorded.map(({ number }) => number),
    failed: [...own.problems].flatMap(([kind, problems]) =>
      problems.map(({ message, hint }) => ({ kind, message, hint })),
    ),
  };
  return { facts, schema, due, sequences, unrecorded, own: own.steps, report };
}

async function carryOut(
  client: ClientBase,
  { facts, schema, due, sequences, unrecorded, own }: Plan,
): Promise<MigrationReport['failed']> {
  if (due.length + sequences.length + unrecorded.length + own.length === 0) return [];
  await client.query(`SET LOCAL search_path = ${quoteName(schema)}, pg_temp`);
  for (const lock of locks(facts, due)) await client.query(lock);
  for (const step of [...due, ...sequences]) {
    try {
      await client.query(step.sql);
    } catch (error) {
      throw stepError(error, step, schema);
    }
  }
  for (const { number, name } of unrecorded) {
    const record = 'INSERT INTO millrace.migrations (number, name, target) VALUES ($1, $2, $3)';
    await client.query(record, [number, name, schema]);
  }
  return makeOwn(client, own, schema);
}

/** Makes what the user's own mappings lack, for each of them all or nothing: one that cannot be served stops no other. */
async function makeOwn(
  client: ClientBase,
  steps: readonly OwnStep[],
  schema: string,
): Promise<MigrationReport['failed']> {
  const failed: MigrationReport['failed'][number][] = [];
  for (const kind of new Set(steps.map((step) => step.kind))) {
    await client.query('SAVEPOINT own');
    for (const step of steps.filter((one) => one.kind === kind)) {
      try {
        await client.query(step.sql);
      } catch (error) {
        const found = describeError(stepError(error, step, schema));
        if (!/^E_PG_(GRANT|SCHEMA)$/.test(found.code)) throw error;
        await client.query('ROLLBACK TO SAVEPOINT own');
        failed.push({ kind, message: found.message, hint: found.hint ?? '' });
        break;
      }
    }
    await client.query('RELEASE SAVEPOINT own');
  }
  return failed;
}

/**
 * SQL that locks all tables to be changed, before the first change: if one of them is taken we give up at once, and not after minutes
 * of building indexes.
 */
function locks({ tables }: SchemaFacts, due: readonly DueStep[]): readonly string[] {
  return [...tables.values()].flatMap((table) => {
    const onIt = due.filter(({ thing }) => tableOf(thing) === table.name);
    // Tables of other roles get triggers at most, and LOCK TABLE might need a right that we do not have.
    if (onIt.length === 0 || !table.owned) return [];
    const alters = onIt.some(({ thing }) => /^(column|bigint) /.test(thing));
    return [
      `LOCK TABLE ${quoteName(table.name)} IN ${alters ? 'ACCESS EXCLUSIVE' : 'SHARE ROW EXCLUSIVE'} MODE`,
    ];
  });
}
