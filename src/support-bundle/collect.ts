import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { arch, cpus, freemem, loadavg, platform, release, totalmem, uptime } from 'node:os';
import { requirePostgres } from '../config/load';
import type { Environment } from '../config/environment';
import { describeError } from '../foundation/errors';
import { withStores } from '../config/left-out';
import { version } from '../foundation/package-root';
import { ownKindsOf, registryStart } from '../mapping/kinds';
import { identityOfOwn } from '../mapping/own-key';
import { askDaemon, daemonUrl, type Reachable } from '../doctor/ask';
import { diagnose } from '../doctor/diagnose';
import { postgresSection } from './postgres-section';
import { redisSection } from './redis-section';
import { type Known, logWithoutContents, mapTexts, secretMask, withoutContents } from './scrub';
import { secretsOf, settingsSection } from './settings-section';
import { sqliteSection } from './sqlite-section';

export interface Collected {
  readonly bundle: Readonly<Record<string, unknown>>;
  /** Sections that could not be read, and why. */
  readonly failed: readonly { readonly section: string; readonly why: string }[];
}

/** How many bytes of the log's end are taken. */
const logBytes = 256 * 1024;

/** Collects what somebody needs to help from afar. Never throws for a store that is away: its section says so. */
export async function collect(
  configured: Reachable,
  environment: Environment,
  flags: Readonly<Record<string, unknown>>,
): Promise<Collected> {
  const config = withStoresIfAny(configured);
  const mask = secretMask(secretsOf(environment, config));
  const known: Known = {
    names: knownNames(config),
    prefixes: ownPrefixes(config),
    registry: registryStart(config.catalogue),
  };
  const without = (text: string) => withoutContents(text, known);
  const scrubbed = (value: unknown) => mapTexts(value, without);
  const sections: Readonly<Record<string, () => unknown>> = {
    settings: () => settingsSection(environment, flags),
    stores: () => ({
      pipelines: config.pipelines,
      leftOut: config.leftOut,
      redis: config.redis.display,
      postgres: config.postgres?.display ?? null,
      database: config.dbPath,
      aliasTables: config.aliasTables,
      documents: config.documents.map(({ name }) => name),
      records: ownKindsOf(config.catalogue).map(({ name }) => name),
    }),
    daemon: async () => scrubbed(withoutRows(await askDaemon(config))),
    findings: async () => scrubbed(await diagnose(configured)),
    metrics: () => metricsOf(daemonUrl(config)),
    sqlite: () => (config.pipelines.includes('aliases') ? sqliteSection(config) : null),
    redis: () => redisSection(config),
    postgres: () =>
      config.pipelines.includes('archive')
        ? postgresSection(requirePostgres(config), config.catalogue)
        : null,
    log: () => (config.log.file === '' ? null : logWithoutContents(tailOf(config.log.file), known)),
  };
  const bundle: Record<string, unknown> = {
    madeAt: new Date().toISOString(),
    versions: versions(),
    machine: machine(),
  };
  const failed: { section: string; why: string }[] = [];
  for (const [section, read] of Object.entries(sections)) {
    try {
      bundle[section] = mapTexts(await read(), mask);
    } catch (error) {
      const { code, message } = describeError(error);
      const why = mask(`${without(message)} (${code})`);
      bundle[section] = { couldNotBeRead: why };
      failed.push({ section, why });
    }
  }
  return { bundle, failed };
}

/** The configuration without pipelines that have no stores; if none has any, each section tells what it lacks. */
function withStoresIfAny(config: Reachable): Reachable {
  try {
    return withStores(config);
  } catch {
    return config;
  }
}

/** The daemon's status without its list of unserved rows, which quotes their aliases; the number of rows stays. */
const withoutRows = (daemon: Awaited<ReturnType<typeof askDaemon>>) =>
  'silent' in daemon || daemon.aliases === null
    ? daemon
    : { ...daemon, aliases: { ...daemon.aliases, unserved: daemon.aliases.unserved.length } };

const versions = () => ({ millrace: version, ...process.versions });

const machine = () => ({
  platform: platform(),
  release: release(),
  arch: arch(),
  cpus: cpus().length,
  cpu: cpus()[0]?.model,
  load: loadavg(),
  memory: totalmem(),
  freeMemory: freemem(),
  uptime: uptime(),
});

async function metricsOf(url: string): Promise<readonly string[] | null> {
  const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(2_000) }).catch(
    () => undefined,
  );
  if (response?.ok !== true) return null;
  const text = await response.text();
  return text.split('\n').filter((line) => /^(millrace|process|nodejs)_/.test(line));
}

/** The last lines of a file; the first of them may be cut. */
function tailOf(path: string): readonly string[] {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, logBytes));
    const read = readSync(file, bytes, 0, bytes.length, size - bytes.length);
    const lines = bytes
      .toString('utf8', 0, read)
      .split('\n')
      .filter((line) => line !== '');
    return size > logBytes ? lines.slice(1) : lines;
  } finally {
    closeSync(file);
  }
}

const ownPrefixes = ({ documents, catalogue }: Reachable): readonly string[] => [
  ...documents.map(({ key }) => key.prefix),
  ...ownKindsOf(catalogue).map(({ prefix }) => prefix),
];

/** Names that a message may quote, because they tell nothing of a record. */
function knownNames({ aliasTables, documents, catalogue, postgres }: Reachable): ReadonlySet<string> {
  const names = new Set(['millrace', 'public', 'timestamp', 'json', 'UTF8', 'redis_id', 'redis_key', 'id']);
  for (const { name: kind, table, columns, parents, own } of catalogue.values()) {
    for (const name of [kind, table, `public.${table}`]) names.add(name);
    for (const { column } of [...columns, ...parents, ...(own === undefined ? [] : identityOfOwn(own))])
      names.add(column);
  }
  for (const { type, table, idColumn, aliasColumn } of aliasTables)
    for (const name of [type, table, idColumn, aliasColumn]) names.add(name);
  for (const { name, key, watch } of documents) {
    for (const known of [name, ...key.parts.map(({ column }) => column)]) names.add(known);
    for (const { table, by } of watch) for (const known of [table, ...by]) names.add(known);
  }
  const database = postgres?.display.split('/').at(-1);
  if (database !== undefined) names.add(database);
  return names;
}
