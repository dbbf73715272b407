import { keyPrefix } from '../mapping/alias-tables';
import type { Readings } from '../metrics/gauges';
import type { CheckpointAge } from '../pipeline/checkpoint-age';
import { type Health, healthOf } from '../pipeline/health';
import { pauseTroubles } from '../pipeline/pause';
import {
  passTroubles,
  type Progress,
  progressOf,
  progressReadings,
  stalledTroubles,
} from '../pipeline/progress';
import { describeGaps } from './source/capture';
import type { UnservedTable } from './source/catalogue';
import type { UnservedDocument } from './source/documents/catalogue';
import type { AliasSource } from './source/source';
import type { AliasLag } from './lag';
import type { AliasLaneState } from './lane';
import type { PassReport } from './pass/report';
import type { UnservedRow } from './source/unserved';

/** One mapping, served or not. */
export interface TableStatus {
  /** Its name. */
  readonly type: string;
  readonly table: string;
  /** Its keys: what they begin with and an asterisk, or the template of a document. */
  readonly keys: string;
  readonly state: 'served' | UnservedTable['reason'] | UnservedDocument['reason'];
  readonly message?: string;
  readonly hint?: string;
}

/** The pipeline as it is now; times in milliseconds since 1970. */
export interface AliasStatus extends Progress<PassReport>, AliasLag {
  readonly database: string;
  readonly journalMode: string | null;
  readonly redis: string;
  /** `tail`: changes travel at once. `interval`: full passes only, and `captureGaps` or `cannotWrite` say why. */
  readonly mode: 'tail' | 'interval' | 'closed';
  readonly captureGaps: readonly string[];
  readonly cannotWrite: string | null;
  /** Why changes wait for full passes, in one line; null when they travel at once. */
  readonly notCaptured: string | null;
  /** Whether other keys than aliases are served, or should be. */
  readonly documents: boolean;
  /** None while the file is closed. */
  readonly tables: readonly TableStatus[];
  /** Rows that can have no key, as the last full pass saw them: twenty of a type at the most. */
  readonly unserved: readonly UnservedRow[];
  readonly checkpoint: { readonly seq: number | null; readonly at: number; readonly by: string } | null;
}

/** Of every mapping, alias tables first. */
export const tableStatuses = ({ entries, documents }: Served): readonly TableStatus[] => [
  ...entries.map((entry) => {
    const { type, table } = entry.mapping;
    const keys = `${keyPrefix(type)}*`;
    return entry.state === 'served'
      ? { type, table: entry.table, keys, state: entry.state }
      : { type, table, keys, ...unserved(entry) };
  }),
  ...documents.map((entry) => {
    const { name: type, key, rows } = entry.mapping;
    const keys = key.text;
    return entry.state === 'served'
      ? { type, table: entry.table.name, keys, state: entry.state }
      : { type, table: rows.table, keys, ...unserved(entry) };
  }),
];

/** Whether other keys than aliases are served, or should be. Pure. */
export const hasDocuments = (tables: readonly TableStatus[]): boolean =>
  tables.some(({ type, keys }) => keys !== `${keyPrefix(type)}*`);

type Served = Pick<AliasSource, 'entries' | 'documents'>;

const unserved = ({ reason: state, message, hint }: UnservedTable | UnservedDocument) => ({
  state,
  message,
  hint,
});

export interface AliasParts extends Pick<AliasStatus, 'database' | 'redis' | 'documents' | 'nextPassAt'> {
  readonly state: AliasLaneState;
  readonly age: CheckpointAge;
}

export function aliasStatus(
  { state, age, database, redis, documents, nextPassAt }: AliasParts,
  now = Date.now(),
): AliasStatus {
  const { source, cannotWrite, checkpoint, lagRecords, lagSeconds, changelogRows } = state;
  const position = checkpoint?.position;
  const progress = progressOf(state, now);
  return {
    ...progress,
    ...{ database, redis, documents, lagRecords, lagSeconds, changelogRows, nextPassAt },
    journalMode: source?.journalMode ?? null,
    mode: source === undefined ? 'closed' : source.changelog === undefined ? 'interval' : 'tail',
    captureGaps: source?.captureGaps ?? [],
    cannotWrite: cannotWrite ?? null,
    notCaptured:
      source === undefined || source.changelog !== undefined
        ? null
        : (cannotWrite ?? describeGaps(source.captureGaps)),
    tables: source === undefined ? [] : tableStatuses(source),
    unserved: state.unserved,
    checkpoint: checkpoint ? { seq: position?.seq ?? null, at: checkpoint.at, by: checkpoint.by } : null,
    checkpointAgeSeconds: age.seconds({
      position: `${position?.seq ?? ''} ${state.applied}`,
      lagSeconds,
      paused: progress.paused !== null,
      now: performance.now(),
    }),
  };
}

const stalledMs = 5_000;

/** Why the pipeline is not in order; empty when it is. */
export function aliasTroubles(
  status: AliasStatus,
  intervalSeconds: number,
  now = Date.now(),
): readonly string[] {
  const limits = { pipeline: 'aliases', stalledMs, intervalSeconds, now };
  if (status.paused !== null) {
    return [...stalledTroubles(status, limits), ...pauseTroubles(status.paused, 'aliases', now)];
  }
  const troubles = [...stalledTroubles(status, limits), ...passTroubles(status, limits)];
  for (const type of status.lastPass?.blocked ?? []) {
    const blocked = status.lastPass?.types[type]?.blocked;
    troubles.push(
      blocked?.reason === 'new'
        ? `aliases: ${type} is new, and ${blocked.prefix}* has keys already that are not as it says: see \`millrace config plan\`; to take them over, \`millrace config apply --yes ${type}\``
        : `aliases: the last full pass stopped before a mass deletion of ${blocked?.prefix ?? keyPrefix(type)}* keys: check DB_PATH and ${blocked === undefined || blocked.prefix === keyPrefix(type) ? 'ALIAS_TABLES' : `${type} in the file of mappings`}; if it is meant, \`millrace reconcile --force\``,
    );
  }
  const served = status.tables.filter((table) => table.state === 'served');
  if (status.tables.length > 0 && served.length === 0)
    troubles.push(
      `aliases: none of the ${hasDocuments(status.tables) ? 'mappings' : 'alias tables'} can be served: \`millrace doctor\` says why`,
    );
  return troubles;
}

/** Ready, degraded or failing. Rows that can have no key make it degraded: the file has them, Redis cannot. */
export const aliasHealth = (status: AliasStatus, troubles: readonly string[]): Health =>
  healthOf({
    status,
    troubles,
    parked: status.lastPass?.skipped ?? 0,
    parkedWord: status.lastPass?.skipped === 1 ? 'row not served' : 'rows not served',
    ...(status.mode === 'interval' ? { otherwise: { level: 'busy', says: 'Full passes only' } } : {}),
  });

export const aliasReadings = (
  status: AliasStatus,
  { intervalSeconds, capture }: { readonly intervalSeconds: number; readonly capture: boolean },
): Readings => ({
  ...progressReadings(status, intervalSeconds),
  changelogRows: status.changelogRows,
  captured: capture && status.mode !== 'closed' ? Number(status.mode === 'tail') : null,
});
