import { setTimeout as wait } from 'node:timers/promises';
import { aliasesOnce } from '../aliases/once';
import type { PassReport } from '../aliases/pass/report';
import { deleteLeft, forgetMappings } from '../aliases/sink/forget';
import { readIntroduced } from '../aliases/sink/introduced';
import { standings } from '../aliases/sink/introduction';
import type { Mappings } from '../aliases/sink/sink';
import type { MappingSet } from '../aliases/sink/checkpoint';
import { leftMappings } from '../aliases/sink/left-keys';
import { aliasPauseStore } from '../aliases/sink/pause-store';
import { announceMappings, renameChangelog } from '../aliases/sink/rewrite-checkpoint';
import {
  capturedIn,
  type Installed as InstalledCapture,
  installCapture,
} from '../aliases/source/install-capture';
import { AliasSource } from '../aliases/source/source';
import { mappingSet, sourceOptions } from '../aliases/source/source-options';
import { type TableStatus, tableStatuses } from '../aliases/status';
import { forgetRecords, type LeftRecords, leftRecords } from '../archive/inspect/left-records';
import { archiveOnce } from '../archive/once';
import type { ArchivePassReport } from '../archive/pass/report';
import type { MigrationReport } from '../archive/schema/migrate';
import type { Config } from '../config/load';
import { builtInNames } from '../config/mappings';
import { refusePaused } from '../pipeline/pause';
import { RedisConnection } from '../connections/redis';
import { fatal } from '../foundation/errors';
import { nearest } from '../foundation/nearest';
import { keyPrefix } from '../mapping/alias-tables';
import { documentHashes } from '../mapping/fingerprint';
import { ownKindsOf } from '../mapping/kinds';
import type { Log } from '../log/log';
import { type CaptureChange, captureChange } from './capture-change';
import { migratePostgres } from './migrate-postgres';
import { answersTo, askForReload, type ReloadAnswer } from './reload-request';

export interface ApplyOptions {
  /** New documents that may replace what their keys hold now. */
  readonly yes: readonly string[];
  /** Documents that are in force no more, and prefixes of before of those that are. */
  readonly forget: readonly string[];
  readonly deleteKeys: boolean;
}

/** What was done for the documents; null: nothing, for this pipeline is not run here. */
interface AppliedCache {
  /** What was installed in the SQLite file. */
  readonly capture: CaptureChange;
  readonly unserved: readonly TableStatus[];
  /** Mappings that are built in, of which the tables are not there. */
  readonly absent: readonly TableStatus[];
  readonly report: PassReport;
}

export interface Applied {
  readonly cache: AppliedCache | null;
  /** What was made in Postgres; null: the archive is not run here. */
  readonly postgres: MigrationReport | null;
  /** The pass of the archive, if there are records of the user's own, and no daemon that makes it. */
  readonly archive: ArchivePassReport | null;
  readonly forgotten: readonly {
    readonly name: string;
    readonly prefix: string;
    readonly deleted?: number;
  }[];
  /** Records of the user's own that were forgotten: their rows stay. */
  readonly forgottenRecords: readonly LeftRecords[];
  readonly daemons: readonly ReloadAnswer[];
}

/** How long daemons have to answer. They look twice a second. */
const patienceMs = 3_000;
const lookMs = 100;

/**
 * Brings everything in step with the mappings in force: triggers, one full pass, the tables in Postgres; and running daemons are asked to
 * read the file again.
 * @throws E_NO_MAPPING (fatal) for a name that there is not, before anything is done; as a pass and a migration do
 */
export async function applyMappings(
  config: Config,
  log: Log,
  { yes, forget, deleteKeys }: ApplyOptions,
): Promise<Applied> {
  const { documents, pipelines } = config;
  const introduced = await readIntroduced(config.redis);
  requireNames(
    yes,
    documents.map(({ name }) => name),
    '`millrace config apply --yes` names',
  );
  const left = leftMappings(introduced, documents);
  const leftInPostgres =
    forget.length === 0 || config.postgres === undefined
      ? []
      : await leftRecords(config.postgres, config.catalogue);
  requireNames(
    forget,
    [...Object.keys(left), ...leftInPostgres.map(({ name }) => name)],
    '`millrace config apply --forget` names',
  );
  const archived = pipelines.includes('archive');
  const cache = pipelines.includes('aliases') ? await applyCache(config, log, { yes, introduced }) : null;
  const postgres = archived ? await migratePostgres(config, false) : null;
  const connection = new RedisConnection(config.redis, 'apply');
  try {
    await connection.connect();
    const forgotten: Applied['forgotten'][number][] = [];
    for (const name of forget) {
      const mapping = left[name];
      if (mapping === undefined) continue;
      const { prefix } = mapping;
      const deleted = deleteKeys
        ? { deleted: await deleteLeft(connection, mapping, prefixesOf(config)) }
        : {};
      forgotten.push({ name, prefix, ...deleted });
    }
    if (forget.length > 0) await forgetMappings(connection, forget);
    const forgottenRecords = leftInPostgres.filter(({ name }) => forget.includes(name));
    if (forgottenRecords.length > 0 && config.postgres !== undefined)
      await forgetRecords(
        config.postgres,
        forgottenRecords.map(({ name }) => name),
      );
    const daemons = await reload(connection);
    // A daemon that runs makes this pass itself, with what it has read now.
    const alone = archived && daemons.length === 0 && ownKindsOf(config.catalogue).length > 0;
    const archive = alone ? await archiveOnce(config, log) : null;
    return { cache, postgres, archive, forgotten, forgottenRecords, daemons };
  } finally {
    connection.close();
  }
}

/** @param introduced the documents whose keys were ours before, as they were */
async function applyCache(
  config: Config,
  log: Log,
  { yes, introduced }: { readonly yes: readonly string[]; readonly introduced: Mappings },
): Promise<AppliedCache> {
  const since = Date.now();
  const { capture, notServed } = await announced(config, { ...mappingSet(config), since }, introduced);
  const report = await aliasesOnce(config, log, { claimed: new Set(yes), since });
  const builtIn = builtInNames(config);
  const isAbsent = ({ type, state }: TableStatus) => state === 'missing' && builtIn.has(type);
  return {
    capture,
    unserved: notServed.filter((status) => !isAbsent(status)),
    absent: notServed.filter(isAbsent),
    report,
  };
}

/** Installs what the capture lacks, between two words to daemons that run. @throws E_PAUSED before anything is done */
async function announced(config: Config, set: MappingSet, introduced: Mappings): Promise<Installed> {
  const { redis, documents } = config;
  const connection = new RedisConnection(redis, 'apply');
  try {
    await connection.connect();
    await refusePaused('aliases', aliasPauseStore(connection));
    await announceMappings(connection, set);
    const installed = install(config);
    const { renamed, missed } = installed;
    const standing = standings({ documents, hashes: documentHashes(documents), claimed: new Set() });
    const followed = (name: string) => /known|unwritten/.test(standing.of(name, introduced));
    if (renamed !== undefined) await renameChangelog(connection, renamed, !missed.some(followed));
    return installed;
  } finally {
    connection.close();
  }
}

interface Installed extends Pick<InstalledCapture, 'renamed' | 'missed'> {
  readonly capture: CaptureChange;
  /** The mappings that cannot be served. */
  readonly notServed: readonly TableStatus[];
}

function install(config: Config): Installed {
  const options = sourceOptions(config);
  const source = AliasSource.open(options);
  try {
    const before = capturedIn(options.path);
    const { documents } = config;
    const { renamed, missed } =
      config.capture && source.truths.size > 0
        ? installCapture(options.path, options.mappings, options.aliasCase, { documents, tidy: true })
        : { renamed: undefined, missed: [] };
    return {
      ...{ renamed, missed },
      capture: captureChange(before, capturedIn(options.path)),
      notServed: tableStatuses(source).filter(({ state }) => state !== 'served'),
    };
  } finally {
    source.close();
  }
}

async function reload(connection: RedisConnection): Promise<readonly ReloadAnswer[]> {
  const request = await askForReload(connection);
  const until = performance.now() + patienceMs;
  let answers: readonly ReloadAnswer[] = [];
  while (answers.length === 0 && performance.now() < until) {
    await wait(lookMs);
    answers = await answersTo(connection, request);
  }
  return answers;
}

/** Whose keys are somebody's now, also where the mapping had another name before. */
const prefixesOf = ({ documents, aliasTables, catalogue }: Config): readonly string[] => [
  ...documents.map(({ key }) => key.prefix),
  ...aliasTables.map(({ type }) => keyPrefix(type)),
  ...[...catalogue.values()].map(({ prefix }) => prefix),
];

function requireNames(names: readonly string[], known: readonly string[], what: string): void {
  const wrong = names.find((name) => !known.includes(name));
  if (wrong === undefined) return;
  const meant = nearest(wrong, known);
  throw fatal(`${what} ${wrong}, which is none of these: ${known.join(', ') || '(there are none)'}`, {
    code: 'E_NO_MAPPING',
    hint: meant === undefined ? '`millrace config plan` lists the names.' : `Did you mean ${meant}?`,
  });
}
