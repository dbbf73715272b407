import type { Command } from 'commander';
import { z } from 'zod';
import { type StoreFacts, storeFacts } from '../aliases/store-facts';
import type { Config } from '../config';
import type { DaemonStatus } from '../daemon';
import { timestamp } from '../log';
import { defaultHttpPort } from '../status/http';
import { useRunningDaemon } from '../stores';
import { configOf, type Run, withOptions } from './options';

/** `millrace status`: the daemon's own word where one answers, else what the stores say. */
export function statusCommand(program: Command, run: Run): void {
  withOptions(
    program
      .command('status')
      .description('how far the pipelines are; asks the running daemon, or else the stores')
      .option('--json', 'print it as JSON'),
    ['redisUrl', 'dbPath'],
  ).action((flags: Record<string, unknown>) =>
    run(async () => {
      const config = useRunningDaemon(configOf(flags));
      const daemon = await askDaemon(config);
      const facts = daemon === undefined ? await storeFacts(config) : undefined;
      if (flags['json'] === true)
        console.log(JSON.stringify({ daemon: daemon ?? null, stores: facts ?? null }));
      else
        for (const line of daemon === undefined ? describeFacts(config, facts) : describeDaemon(daemon))
          console.log(line);
      return daemon?.ready === true || facts?.inStep === true ? 0 : 1;
    }),
  );
}

const answer = z.looseObject({
  aliases: z.looseObject({ database: z.string(), redis: z.string() }),
});

/** The daemon's status, if one answers at the configured address and serves the same two stores. */
async function askDaemon(
  config: Config & { readonly daemonUrl?: string },
): Promise<DaemonStatus | undefined> {
  const { host, port } = config.http;
  const base =
    config.daemonUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${port ?? defaultHttpPort}`;
  try {
    const response = await fetch(`${base}/status`, { signal: AbortSignal.timeout(2_000) });
    const status: unknown = await response.json();
    const { aliases } = answer.parse(status);
    const same = aliases.database === config.dbPath && aliases.redis === config.redis.display;
    return same ? (status as DaemonStatus) : undefined;
  } catch {
    return undefined;
  }
}

function describeDaemon({ pid, startedAt, ready, troubles, aliases }: DaemonStatus): readonly string[] {
  const { lastPass, checkpoint, lagRecords } = aliases;
  return [
    `Daemon:      pid ${pid}, since ${timestamp(new Date(startedAt))}, ${ready ? 'in order' : 'NOT in order'}`,
    ...troubles.map((trouble) => `  ! ${trouble}`),
    `Database:    ${aliases.database} (${aliases.journalMode ?? 'closed'})`,
    `Redis:       ${aliases.redis}`,
    `Mode:        ${aliases.mode === 'tail' ? 'changes travel at once' : `full passes only: ${aliases.cannotWrite ?? aliases.captureGaps.join(', ')}`}`,
    `Lag:         ${lagRecords === null ? 'unknown' : `${lagRecords} changes`}`,
    `Checkpoint:  ${checkpoint === null ? 'none' : `change ${checkpoint.seq ?? '-'}, ${timestamp(new Date(checkpoint.at))}`}`,
    lastPass === null
      ? 'Last pass:   none yet'
      : `Last pass:   ${timestamp(new Date(lastPass.startedAt))}, ${lastPass.ms} ms: ${lastPass.total} aliases, +${lastPass.added} ~${lastPass.updated} -${lastPass.deleted}`,
    ...aliases.tables.flatMap((table) =>
      table.message === undefined ? [] : [`  ! ${table.message}`, `    → ${table.hint ?? ''}`],
    ),
    ...aliases.incidents.map(({ at, what }) => `  ${timestamp(new Date(at))} ${what}`),
  ];
}

function describeFacts(config: Config, facts: StoreFacts | undefined): readonly string[] {
  return [
    'Daemon:      none answers for these stores',
    `Database:    ${config.dbPath} (${facts?.journalMode ?? ''})`,
    `Redis:       ${config.redis.display}`,
    `Checkpoint:  ${facts?.checkpoint == null ? 'none: nothing was ever synced into this Redis' : `${timestamp(new Date(facts.checkpoint.at))} by ${facts.checkpoint.by}`}`,
    `Lag:         ${facts?.lagRecords == null ? 'unknown: a full pass is needed (start the daemon, or run `millrace reconcile`)' : `${facts.lagRecords} changes`}`,
  ];
}
