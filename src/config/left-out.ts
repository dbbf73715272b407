import { lstatSync } from 'node:fs';
import type { Config, LeftOut } from './load';
import { fatal, type MillraceError } from '../foundation/errors';
import type { Log } from '../log/log';
import type { PipelineName } from './names';

/**
 * The configuration with the pipelines for which there are stores, and what is left out for want of one. Only where nobody has said
 * otherwise: a pipeline that is asked for by name, or a DB_PATH, is meant, and where it is not there that is an error of whoever
 * opens it.
 * @throws E_NO_STORES (fatal) when nothing is left
 */
export function withStores<C extends Config>(config: C): C {
  if (config.pipelines.length < 2) return config;
  const missing = new Set<PipelineName>();
  if (!config.dbConfigured && !isThere(config.dbPath)) missing.add('aliases');
  if (config.postgres === undefined) missing.add('archive');
  if (missing.size === config.pipelines.length) {
    throw fatal(`nothing is to be kept in step: no POSTGRES_URL is set, and there is no ${config.dbPath}`, {
      code: 'E_NO_STORES',
      hint: 'Set DB_PATH for the cache (the SQLite file that has its tables), POSTGRES_URL for the archive ("postgresql://user:password@localhost:5432/ai_models"), or both; `millrace run --embedded` brings servers and a sample of its own.',
    });
  }
  return {
    ...config,
    pipelines: config.pipelines.filter((name) => !missing.has(name)),
    leftOut: [...missing].map((name) => leavingOut[name](config)),
  };
}

type Known = Pick<Config, 'dbPath' | 'documents'>;

/** Whoever serves alias tables alone knows them by their old name. */
const leavingOut: Readonly<Record<PipelineName, (config: Known) => LeftOut>> = {
  archive: ({ documents }) => {
    const other = documents.length > 0 ? 'cache' : 'aliases';
    return {
      pipeline: 'archive',
      message: `the ${other} alone (SQLite → Redis): the archive (Redis → PostgreSQL) is left out, for POSTGRES_URL is not set`,
      hint: `Set POSTGRES_URL for both; MILLRACE_ONLY=${other} says that this is meant.`,
    };
  },
  aliases: ({ dbPath, documents }) => ({
    pipeline: 'aliases',
    message: `the archive alone (Redis → PostgreSQL): the ${documents.length > 0 ? 'cache (SQLite → Redis) is' : 'aliases (SQLite → Redis) are'} left out, for DB_PATH is not set, and there is no ${dbPath}`,
    hint: 'Set DB_PATH for both; MILLRACE_ONLY=archive says that this is meant.',
  }),
};

/** Warns of each pipeline that is left out: whoever has forgotten a setting must notice. */
export function logLeftOut(leftOut: readonly LeftOut[], log: Log): void {
  for (const { pipeline, message, hint } of leftOut) log.warn(message, { event: 'left-out', pipeline, hint });
}

/** The error of whoever asks for something of a pipeline that is not run here. @param who does not run it */
export function notRun(who: string, name: PipelineName, leftOut: readonly LeftOut[]): MillraceError {
  const { message, hint } = leftOut.find(({ pipeline }) => pipeline === name) ?? {};
  return fatal(`this ${who} does not run ${name}${message === undefined ? '' : `: ${message}`}`, {
    code: 'E_NOT_RUN',
    hint:
      hint ??
      'It was told to run the other one alone: by MILLRACE_ONLY, or by a file that maps nothing here.',
  });
}

/** Whether something is at the path; a link that leads nowhere counts, for somebody has put it there. */
const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
