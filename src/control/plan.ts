import { dryRunPass } from '../aliases/pass/dry-run-pass';
import type { Difference } from '../aliases/pass/dry-run';
import { AliasSource } from '../aliases/source/source';
import { sourceOptions } from '../aliases/source/source-options';
import { readIntroduced } from '../aliases/sink/introduced';
import { leftMappings } from '../aliases/sink/left-keys';
import { type Standing, standings } from '../aliases/sink/introduction';
import type { Mappings } from '../aliases/sink/sink';
import { tableStatuses } from '../aliases/status';
import type { MigrationReport } from '../archive/schema/migrate';
import { type AliasStores, type ArchiveRecords, type Config, requirePostgres } from '../config/load';
import { type LeftRecords, leftRecords } from '../archive/inspect/left-records';
import { planRecords, type RecordPlan } from '../archive/inspect/plan-records';
import { builtInNames } from '../config/mappings';
import { keyPrefix } from '../mapping/alias-tables';
import { documentHashes } from '../mapping/fingerprint';
import { type CaptureChange, plannedChange } from './capture-change';
import { migratePostgres } from './migrate-postgres';

/** What one mapping would do to Redis now. */
export interface MappingPlan {
  readonly name: string;
  /** Its key template. */
  readonly key: string;
  /**
   * `unserved`: `message` says why, and its keys stay as they are. `absent`: so they do, for the table of a mapping that is built in is
   * not there, which is no fault.
   */
  readonly state: Standing | 'unserved' | 'absent';
  readonly message?: string;
  readonly hint?: string;
  /** Keys that it stands for. */
  readonly total: number;
  readonly add: number;
  readonly update: number;
  readonly delete: number;
  /** Of a new one: how many keys hold something now that would go. Nothing of it is done before somebody has named it. */
  readonly takes: number;
  readonly samples: readonly Difference[];
}

export interface Plan {
  readonly mappings: readonly MappingPlan[];
  /** Mappings that Redis has keys of, and that are in force no more, or have another prefix: what they made stays. */
  readonly left: readonly { readonly name: string; readonly prefix: string }[];
  /** What the SQLite file lacks: triggers, the changelog, indexes; null: nothing. */
  readonly capture: CaptureChange | null;
  /** What Postgres lacks for the archive; null: the archive is not run here. */
  readonly postgres: PostgresPlan | null;
  /** Mappings of the user's own that Postgres has rows of, and that are in force no more: their rows stay. */
  readonly leftRecords: readonly LeftRecords[];
  readonly records: readonly RecordPlan[];
}

export interface PostgresPlan extends Pick<MigrationReport, 'database' | 'schema' | 'failed'> {
  /** In the words of the migrations: `table users`, `column users.age`. */
  readonly things: readonly string[];
}

/** What is planned: of which stores, and which mappings. */
export type Planned = AliasStores & ArchiveRecords & Pick<Config, 'pipelines' | 'postgres'>;

const samplesOfEach = 3;

/** Whether there is something to do. */
export const hasChanges = ({ mappings, capture, postgres, records }: Plan): boolean =>
  capture !== null ||
  records.some(({ differ }) => differ > 0) ||
  (postgres?.things.length ?? 0) > 0 ||
  mappings.some((one) => /new|changed|unwritten/.test(one.state) || one.add + one.update + one.delete > 0);

/** Whether something cannot be served. */
export const hasFaults = ({ mappings, postgres, records }: Plan): boolean =>
  records.some(({ state }) => state === 'stopped') ||
  mappings.some(({ state }) => state === 'unserved') ||
  (postgres?.failed.length ?? 0) > 0;

/** What the mappings in force would do. Reads, and writes nothing. @throws as a pass and a migration do */
export async function planMappings(config: Planned): Promise<Plan> {
  const { pipelines } = config;
  const introduced = await readIntroduced(config.redis);
  const cached = pipelines.includes('aliases');
  return {
    ...(cached ? await planCache(config, introduced) : { mappings: [], capture: null }),
    left: Object.entries(leftMappings(introduced, config.documents)).map(([name, { prefix }]) => ({
      name,
      prefix,
    })),
    leftRecords: config.postgres === undefined ? [] : await leftRecords(config.postgres, config.catalogue),
    postgres: pipelines.includes('archive') ? await planPostgres(config) : null,
    records: pipelines.includes('archive') ? await planRecords(config, requirePostgres(config)) : [],
  };
}

async function planPostgres(config: Planned): Promise<PostgresPlan> {
  const { database, schema, failed, steps } = await migratePostgres(config, true);
  return { database, schema, failed, things: steps.map(({ thing }) => thing) };
}

async function planCache(
  stores: AliasStores,
  introduced: Mappings,
): Promise<Pick<Plan, 'mappings' | 'capture'>> {
  const builtIn = builtInNames(stores);
  const { entries, capture } = look(stores);
  const differences = new Map<string, { samples: Difference[]; takes: number }>();
  const report = await dryRunPass(stores, { force: 'mass deletion' }, (difference, { mapping, takes }) => {
    const found = differences.get(mapping) ?? { samples: [], takes: 0 };
    differences.set(mapping, found);
    if (takes) found.takes++;
    if (found.samples.length < samplesOfEach) found.samples.push(difference);
  });
  const standing = standings({ ...stores, hashes: documentHashes(stores.documents), claimed: new Set() });
  const keys = new Map([
    ...stores.aliasTables.map(({ type }) => [type, `${keyPrefix(type)}{alias}`] as const),
    ...stores.documents.map(({ name, key }) => [name, key.text] as const),
  ]);
  const mappings = [...keys].map(([name, key]): MappingPlan => {
    const { state: served, message, hint } = entries.get(name) ?? {};
    const stands = standing.of(name, introduced);
    const { total = 0, added = 0, updated = 0, deleted = 0 } = report.types[name] ?? {};
    const { samples = [], takes = 0 } = differences.get(name) ?? {};
    return {
      ...{ name, key, total, samples },
      state: served === 'served' ? stands : served === 'missing' && builtIn.has(name) ? 'absent' : 'unserved',
      ...(message === undefined ? {} : { message }),
      ...(hint === undefined ? {} : { hint }),
      ...{ add: added, update: updated, delete: deleted },
      takes: stands === 'new' ? takes : 0,
    };
  });
  return { mappings, capture };
}

function look(stores: AliasStores) {
  const source = AliasSource.open(sourceOptions(stores));
  try {
    const entries = new Map(tableStatuses(source).map((status) => [status.type, status]));
    const steps = source.captureSteps;
    return { entries, capture: steps.length === 0 ? null : plannedChange(steps) };
  } finally {
    source.close();
  }
}
