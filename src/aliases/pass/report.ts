import { describeError, fatal } from '../../foundation/errors';
import { inFew } from '../../foundation/in-few';
import type { AliasFile } from '../../config/load';
import type { Log } from '../../log/log';
import type { AppliedSum } from '../../pipeline/applied-report';
import type { PassWords } from '../../pipeline/pass-teller';
import { timestamp } from '../../foundation/timestamp';
import type { TypeResult } from './type-counts';
import { keyPrefix } from '../../mapping/alias-tables';
import type { AliasSource } from '../source/source';

/** A complete pass, added up. */
export interface PassReport {
  readonly startedAt: number;
  readonly ms: number;
  readonly total: number;
  readonly added: number;
  readonly updated: number;
  readonly deleted: number;
  readonly skipped: number;
  readonly types: Readonly<Record<string, TypeResult>>;
  /** Those of `types` that are documents; left out where alias tables alone are served. */
  readonly documents?: readonly string[];
  /** Set when the pass was of these mappings alone. */
  readonly of?: readonly string[];
  /** The mappings whose keys were left as they are: see TypeResult. */
  readonly blocked: readonly string[];
}

/** Adds a pass up. @param documents those of the mappings that are documents */
export function reportOf(
  types: Readonly<Record<string, TypeResult>>,
  documents: readonly string[],
  times: Pick<PassReport, 'startedAt' | 'ms' | 'of'>,
): PassReport {
  const results = Object.entries(types);
  const sum = (count: 'total' | 'added' | 'updated' | 'deleted' | 'skipped') =>
    results.reduce((total, [, result]) => total + result[count], 0);
  return {
    ...times,
    total: sum('total'),
    added: sum('added'),
    updated: sum('updated'),
    deleted: sum('deleted'),
    skipped: sum('skipped'),
    types,
    ...(documents.length === 0 ? {} : { documents }),
    blocked: results.filter(([, { blocked }]) => blocked !== undefined).map(([type]) => type),
  };
}

/** The report of a pass of all mappings, with what one of some has found since. Pure. */
export const joined = (last: PassReport, { types, documents = [] }: PassReport): PassReport => {
  const { startedAt, ms } = last;
  const all = new Set([...(last.documents ?? []), ...documents]);
  return reportOf({ ...last.types, ...types }, [...all], { startedAt, ms });
};

/** A report without the mappings that are in force no more. Pure. */
export const reportWithin = (
  { types, documents = [], startedAt, ms }: PassReport,
  names: ReadonlySet<string>,
): PassReport =>
  reportOf(
    Object.fromEntries(Object.entries(types).filter(([type]) => names.has(type))),
    documents.filter((name) => names.has(name)),
    { startedAt, ms },
  );

/** The lines that the service before Millrace printed, which its users know, and how long a pass took. */
export const aliasPassWords: PassWords<PassReport> = {
  started: (of) => `[${timestamp()}] Starting sync${of === undefined ? '' : ` of ${inFew(of)}`}...`,
  summary: (report) => {
    const title = `✓ Sync${report.of === undefined ? '' : ` of ${inFew(report.of)}`} complete:`;
    return summary(report, [title, 'Added', 'Updated', 'Deleted']);
  },
  differences: ({ types }) =>
    Object.entries(types).map(([type, { added, updated, deleted }]) => [type, added + updated + deleted]),
};

/** The summary of a dry run. */
export function dryRunSummary(report: PassReport): string {
  const lines = summary(report, ['Dry run complete:', 'Would add', 'Would update', 'Would delete']);
  const stops = report.blocked.map(
    (type) => `! It would stop: ${describeError(blockedError(type, report)).message}\n`,
  );
  return `${lines}${stops.join('')}Dry run: nothing was changed.`;
}

/** The mappings whose keys are as they should be after a pass. */
export const writtenBy = ({ types, blocked }: Pick<PassReport, 'types' | 'blocked'>): readonly string[] =>
  Object.keys(types).filter((type) => !blocked.includes(type));

/** New mappings whose keys a pass left as they are, until somebody names them. */
export const waiting = (report: Pick<PassReport, 'types' | 'blocked'> | undefined): readonly string[] =>
  report?.blocked.filter((type) => report.types[type]?.blocked?.reason === 'new') ?? [];

/** The documents that no row has a key for, as a pass has found: a table is empty, or a `where` fits nothing. */
export const emptyDocuments = ({ documents = [], types }: Pick<PassReport, 'documents' | 'types'>) =>
  documents.filter((name) => types[name]?.total === 0 && types[name].skipped === 0);

/** Where alias tables alone are served, the lines are word for word those of the service before. */
function summary(
  report: PassReport,
  [title, add, update, remove]: readonly [string, string, string, string],
): string {
  const { documents, total, added, updated, deleted, skipped, ms } = report;
  const lines = [
    title,
    `  - Total ${documents === undefined ? 'aliases' : 'keys'}: ${total}`,
    `  - ${add}: ${added}`,
    `  - ${update}: ${updated}`,
    `  - ${remove}: ${deleted}`,
  ];
  if (added + updated + deleted === 0) lines.push('  - No changes detected');
  const empty = emptyDocuments(report);
  if (empty.length > 0) lines.push(`  - Nothing matches: no row makes a key of ${inFew(empty)}`);
  if (skipped > 0)
    lines.push(
      documents === undefined
        ? `  - Skipped: ${skipped} rows without a usable alias or id (NULL, blob, invalid UTF-8 or too long)`
        : `  - Skipped: ${skipped} rows that can have no key (millrace dead-letters list)`,
    );
  lines.push(`  - Duration: ${(ms / 1_000).toFixed(2)}s`, '');
  return lines.join('\n');
}

/** Logs the tables that cannot be served, and why; and that there are no triggers, if so. */
export function introduce(
  log: Log,
  { entries, documents }: AliasSource,
  cannotWrite: string | undefined,
): void {
  for (const entry of [...entries, ...documents]) {
    if (entry.state === 'unserved') log.warn(entry.message, { event: 'table.unserved', hint: entry.hint });
  }
  if (cannotWrite === undefined) return;
  log.warn(`no triggers: ${cannotWrite}`, {
    event: 'capture.readonly',
    hint: 'Full passes alone bring changes over until the file can be written to.',
  });
}

/** What a pass says of a mapping whose keys it left as they are. */
export function blockedError(type: string, report: PassReport): Error {
  const blocked = report.types[type]?.blocked;
  if (blocked?.reason === 'new') {
    const { different, stale, keys, prefix } = blocked;
    return fatal(
      `${type} is new, and ${prefix}* has keys already (${keys}; not as it says: ${different}; without a row: ${stale}): it left them all as they are`,
      {
        code: 'E_NEW_MAPPING',
        hint: `\`millrace config plan\` shows them; \`millrace config apply --yes ${type}\` takes them over; or choose another prefix.`,
      },
    );
  }
  const [stale, keys, prefix] = [blocked?.stale ?? 0, blocked?.keys ?? 0, blocked?.prefix ?? ''];
  const settings =
    prefix === keyPrefix(type)
      ? 'DB_PATH, ALIAS_TABLES and ALIAS_CASE'
      : `DB_PATH and ${type} in the file of mappings`;
  return fatal(`the pass would delete ${stale} of ${keys} ${prefix}* keys: it left them all as they are`, {
    code: 'E_MASS_DELETION',
    hint: `Check ${settings}; if the table really shrank, run \`millrace reconcile --force\`.`,
  });
}

/** @throws E_NO_TABLES (fatal) when the pass had no table to look at: that is not "no changes". */
export function requireTables(report: PassReport, { dbPath: path, documents }: AliasFile): void {
  if (Object.keys(report.types).length > 0) return;
  if (documents.length > 0)
    throw fatal(`none of the mappings can be served from ${path}`, {
      code: 'E_NO_TABLES',
      hint: 'Ensure that this is the file that has their tables (DB_PATH); `millrace config plan` says of each mapping what it lacks.',
    });
  throw fatal(`none of the alias tables can be served from ${path}`, {
    code: 'E_NO_TABLES',
    hint: 'Ensure the database exists and has alias tables (DB_PATH), or name yours in ALIAS_TABLES; `millrace doctor` says more.',
  });
}

/** How the log tells what was applied. */
export const describeAliasesApplied = ({ added, updated, deleted, ms = 0 }: AppliedSum<string>) => ({
  fields: { added, updated, deleted },
  text: `[${timestamp()}] Changes applied: added ${added}, updated ${updated}, deleted ${deleted} (${ms} ms after the commit)`,
});

export const stopped = '⏹  Sync service stopped by user';
