import type { Database } from 'better-sqlite3';
import type { AliasCase, AliasMapping } from '../../mapping/alias-tables';
import type { DocumentMapping } from '../../mapping/documents';
import { type CaptureStep, lacksTriggers, ownObjects, planCapture } from './capture';
import { readCatalogue } from './catalogue';
import { sameLog } from './changelog';
import { readDocuments } from './documents/catalogue';
import { type SchemaObject, unloggedDocuments } from './documents/plan-capture';
import { openForReading, writing } from './file/database';
import { quoteIdentifier } from './identifiers';

export interface InstallOptions {
  readonly documents: readonly DocumentMapping[];
  /** See DocumentCapture. */
  readonly tidy: boolean;
}

/** What was done for a capture to be complete. */
export interface Installed {
  readonly steps: readonly CaptureStep[];
  /** The ids of the changelog before and after, if it has another one now, and goes on with the rows it had. */
  readonly renamed: Renamed | undefined;
  /** The mappings of which changes went unseen until then. */
  readonly missed: readonly string[];
}

/** Ids of one changelog. */
export interface Renamed {
  readonly from: string;
  readonly to: string;
}

/**
 * Installs or mends the capture in one transaction; does nothing when it is complete.
 * @throws E_DB_BUSY (retryable) while another program holds the write lock; E_DB_CANNOT_OPEN when the file cannot be written to.
 */
export function installCapture(
  path: string,
  mappings: readonly AliasMapping[],
  aliasCase: AliasCase,
  { documents, tidy }: InstallOptions = { documents: [], tidy: false },
): Installed {
  return writing(path, (db) => {
    const present = new Map(ownObjects(db).map((object) => [object.name, object]));
    const entries = readCatalogue(db, mappings);
    const served = readDocuments(db, documents);
    const missed = [
      ...entries.filter((entry) => lacksTriggers(entry, present)).map(({ mapping }) => mapping.type),
      ...unloggedDocuments(served, present),
    ];
    const steps = planCapture(db, entries, aliasCase, { documents: served, tidy });
    const from = changelogId(db, present);
    for (const step of steps) db.exec(step.sql);
    const to = changelogId(db, present);
    const renamed = from === undefined || to === undefined || !sameLog(from, to) || from === to;
    return { steps, renamed: renamed ? undefined : { from, to }, missed };
  });
}

/** @param present what was there before the steps: without an id then, the changelog is new */
const changelogId = (db: Database, present: ReadonlyMap<string, SchemaObject>): string | undefined =>
  present.has('millrace_changelog_id')
    ? db.prepare<[], string>('SELECT id FROM millrace_changelog_id').pluck().get()
    : undefined;

/** What is ours in the file now. @throws E_DB_… as every opening does */
export function capturedIn(path: string): readonly SchemaObject[] {
  const db = openForReading(path);
  try {
    return ownObjects(db);
  } finally {
    db.close();
  }
}

/** Removes every object of ours: the triggers first, since a trigger without its changelog would fail the writers. */
export function uninstallCapture(path: string): readonly string[] {
  return writing(path, (db) => {
    const order = ['trigger', 'index', 'table'];
    const found = [...ownObjects(db)].sort((a, b) => order.indexOf(a.type) - order.indexOf(b.type));
    for (const object of found) db.exec(`DROP ${object.type} ${quoteIdentifier(object.name)}`);
    return found.map((object) => `${object.type} ${object.name}`);
  });
}
