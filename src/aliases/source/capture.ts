import type { Database } from 'better-sqlite3';
import { readAsset } from '../../foundation/package-root';
import { type AliasTable, type CatalogueEntry, keyExpression } from './catalogue';
import type { DocumentEntry } from './documents/catalogue';
import { planDocuments, type SchemaObject } from './documents/plan-capture';
import { fillTemplate, quoteIdentifier, quoteText } from './identifiers';
import { inFew } from '../../foundation/in-few';
import type { AliasCase } from '../../mapping/alias-tables';
import { lookUpPlan } from './truth-statements';
import type { UniqueKey } from './unique-keys';
import { columnsOfAll, updateOf } from './update-of';

/** One statement the capture still needs, and what it does in words. */
export interface CaptureStep {
  readonly sql: string;
  readonly reason: string;
  /** What it makes, and on which table; undefined: nothing that people need to know of. */
  readonly makes?: { readonly type: 'changelog' | 'trigger' | 'index'; readonly table: string };
}

const template = (name: string): string => readAsset(`triggers/${name}.sql`);
const changelogSql = fillTemplate(template('changelog'), {});
const changelogIdSql = fillTemplate(template('changelog_id'), {});
const changelogMendedSql = fillTemplate(template('changelog_mended'), {});
const victimsTemplate = template('victims');
const indexTemplate = template('index');
const templates = {
  after_insert: template('after_insert'),
  after_update: template('after_update'),
  after_rename: template('after_rename'),
  after_delete: template('after_delete'),
  before_insert: template('before_insert'),
  before_update: template('before_update'),
} as const;
const triggerKinds = Object.keys(templates) as (keyof typeof templates)[];

/** The triggers of one table, by name. Their text depends on the table's unique keys: a trigger whose text differs is out of date. */
function triggersFor(table: AliasTable): ReadonlyMap<string, string> {
  const keysFor = (kind: 'insert' | 'update') =>
    table.uniqueKeys.filter((key) => !loggedAfterwards(table, key, kind));
  const values = {
    table: quoteIdentifier(table.table),
    ofEither: updateOf([table.aliasColumn, table.idColumn], table),
    ofAlias: updateOf([table.aliasColumn], table),
    ofKeys: updateOf(columnsOfAll(keysFor('update')), table),
    id: quoteIdentifier(table.idColumn),
    alias: quoteIdentifier(table.aliasColumn),
    type: quoteText(table.mapping.type),
  };
  const conflicts = (kind: 'insert' | 'update') => [
    ...(table.rowid === undefined ? [] : [`${table.rowid} = NEW.${table.rowid}`]),
    ...keysFor(kind).map((key) => key.conflict),
  ];
  const victims = (conflict: string) => fillTemplate(victimsTemplate, { ...values, conflict });
  // An UPDATE does not replace the very row it changes.
  const others = table.rowid === undefined ? '' : ` AND ${table.rowid} <> OLD.${table.rowid}`;
  const bodies: Readonly<Partial<Record<(typeof triggerKinds)[number], string>>> = {
    before_insert: conflicts('insert').map(victims).join('\n'),
    before_update: conflicts('update')
      .map((conflict) => victims(conflict + others))
      .join('\n'),
  };
  return new Map(
    triggerKinds
      .filter((kind) => bodies[kind] !== '')
      .map((kind) => {
        const name = `millrace_${table.mapping.type}_${kind}`;
        const places = { ...values, victims: bodies[kind] ?? '', name: quoteIdentifier(name) };
        return [name, fillTemplate(templates[kind], places)];
      }),
  );
}

/**
 * Whether a row that is replaced over this key needs no BEFORE trigger. If the key contains the whole alias, that row had NEW's
 * alias, which AFTER INSERT logs anyway. AFTER UPDATE logs only when alias or id changes, but two rows may also come to conflict
 * because another column changes, or a partial index's condition.
 */
const loggedAfterwards = (table: AliasTable, key: UniqueKey, kind: 'insert' | 'update'): boolean =>
  table.aliasIsText &&
  key.binaryColumns.includes(table.aliasColumn) &&
  (kind === 'insert' ||
    (key.columns?.length === key.binaryColumns.length &&
      key.binaryColumns.every((name) => name === table.aliasColumn || name === table.idColumn)));

/** Everything in the file that is ours. */
export const ownObjects = (db: Database): readonly SchemaObject[] =>
  db
    .prepare<[], SchemaObject>(
      "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name LIKE 'millrace\\_%' ESCAPE '\\' AND sql IS NOT NULL AND (type <> 'table' OR name IN ('millrace_changelog', 'millrace_changelog_id'))",
    )
    .all();

/** The documents' part of a capture. */
export interface DocumentCapture {
  readonly documents: readonly DocumentEntry[];
  /** Take away what no document needs any more: another program with other mappings may need it, and then brings it back. */
  readonly tidy: boolean;
}

/**
 * What has to be done for the capture to be complete; empty when it is. Objects of other types are left alone: another Millrace
 * may serve them. While a trigger was missing changes went unseen. So installing one gives the changelog another id in the same
 * transaction, which makes every checkpoint worthless: whichever daemon reads the changelog next begins with a full pass.
 */
export function planCapture(
  db: Database,
  entries: readonly CatalogueEntry[],
  aliasCase: AliasCase,
  { documents, tidy }: DocumentCapture = { documents: [], tidy: false },
): readonly CaptureStep[] {
  const present = new Map(ownObjects(db).map((object) => [object.name, object]));
  const steps: CaptureStep[] = [];
  const want = (name: string, sql: string, makes: CaptureStep['makes']) => {
    const found = present.get(name);
    if (found?.sql === sql) return;
    if (found !== undefined) {
      steps.push({
        sql: `DROP ${found.type} ${quoteIdentifier(name)}`,
        reason: `${found.type} ${name} is out of date`,
      });
    }
    steps.push({ sql, reason: `${name} is missing`, ...(makes && { makes }) });
  };
  want('millrace_changelog', changelogSql, { type: 'changelog', table: 'millrace_changelog' });
  if (steps.length > 0)
    steps.push({ sql: 'INSERT INTO millrace_changelog (type) VALUES (NULL)', reason: 'first row' });
  const begins = !present.has('millrace_changelog_id') || steps.length > 0;
  if (begins) {
    if (present.has('millrace_changelog_id'))
      steps.push({ sql: 'DROP TABLE millrace_changelog_id', reason: 'a new changelog' });
    steps.push({ sql: changelogIdSql, reason: 'millrace_changelog_id is missing' });
    steps.push({
      sql: 'INSERT INTO millrace_changelog_id VALUES (lower(hex(randomblob(8))))',
      reason: 'a new changelog',
    });
  }
  let mends = false;
  for (const entry of entries) {
    const wanted = entry.state === 'served' ? triggersFor(entry) : new Map<string, string>();
    for (const kind of triggerKinds) {
      const name = `millrace_${entry.mapping.type}_${kind}`;
      const sql = wanted.get(name);
      if (sql !== undefined) {
        mends ||= present.get(name)?.sql !== sql;
        want(name, sql, { type: 'trigger', table: entry.state === 'served' ? entry.table : '' });
      } else if (present.has(name)) {
        const table = present.get(name)?.tbl_name ?? '';
        steps.push({
          sql: `DROP TRIGGER ${quoteIdentifier(name)}`,
          reason: `trigger ${name} is left over on ${table}`,
        });
      }
    }
    if (entry.state === 'served') steps.push(...planIndex(db, entry, aliasCase, present));
  }
  for (const { mends: needed, ...step } of planDocuments(db, documents, present, tidy)) {
    steps.push(step);
    mends ||= needed;
  }
  if (mends && !begins) steps.push({ sql: changelogMendedSql, reason: 'changes may have gone unseen' });
  return steps;
}

function planIndex(
  db: Database,
  table: AliasTable,
  aliasCase: AliasCase,
  present: ReadonlyMap<string, SchemaObject>,
): readonly CaptureStep[] {
  const name = `millrace_${table.mapping.type}_${aliasCase}`;
  const sql = fillTemplate(indexTemplate, {
    name: quoteIdentifier(name),
    table: quoteIdentifier(table.table),
    key: keyExpression(table, aliasCase),
    id: quoteIdentifier(table.idColumn),
  });
  const found = present.get(name);
  const make: CaptureStep = {
    ...{ sql, reason: `no index serves look-ups in ${table.table}` },
    makes: { type: 'index', table: table.table },
  };
  if (found !== undefined && found.sql !== sql) {
    const drop = { sql: `DROP INDEX ${quoteIdentifier(name)}`, reason: `index ${name} is out of date` };
    return [drop, make];
  }
  if (found !== undefined || lookUpPlan(db, table, aliasCase) === 'indexed') return [];
  return [make];
}

/** What the capture lacks, in one line; a file with nothing of ours is told so, without a list. @param gaps the reasons of `planCapture` */
export function describeGaps(gaps: readonly string[]): string {
  const missing = gaps.filter((gap) => gap.endsWith(' is missing'));
  if (missing.length > 2 && missing.includes('millrace_changelog is missing'))
    return 'no triggers and no changelog are installed in this file';
  return inFew(gaps);
}

/** Whether changes of a table go unseen as the file is now. */
export const lacksTriggers = (entry: CatalogueEntry, present: ReadonlyMap<string, SchemaObject>): boolean =>
  entry.state === 'served' && [...triggersFor(entry)].some(([name, sql]) => present.get(name)?.sql !== sql);
