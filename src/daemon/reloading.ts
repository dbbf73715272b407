import { concatMap, delay, filter, map, merge, Subject, takeUntil } from 'rxjs';
import { withStores } from '../config/left-out';
import type { Config } from '../config/load';
import { type ReloadAnswer, ReloadRequests } from '../control/reload-request';
import { describeError } from '../foundation/errors';
import { timestamp } from '../foundation/timestamp';
import { hangUp$ } from '../foundation/hang-up';
import type { PipelineEvent } from '../pipeline/event';
import { abort$ } from '../pipeline/pump';
import { type DaemonOptions, type Handover, runDaemon } from './daemon';

export interface ReloadingOptions extends DaemonOptions {
  /** Reads the settings again. @throws what is wrong with them */
  readonly reread: () => Config;
}

/** The settings in force with the mappings of others, and what depends on them. All else needs a restart. @throws E_NO_STORES */
function withMappings(config: Config, fresh: Config): Config {
  const { aliasTables, documents, catalogue, mappingsFile, pipelines } = fresh;
  const redis =
    fresh.redis.grants === undefined ? config.redis : { ...config.redis, grants: fresh.redis.grants };
  return withStores({
    ...config,
    aliasTables,
    documents,
    catalogue,
    mappingsFile,
    pipelines,
    redis,
    leftOut: [],
  });
}

const wordingOf = ({ aliasTables, documents, catalogue }: Config): string =>
  JSON.stringify([aliasTables, documents, [...catalogue]]);

/** What the archive goes by; all else of its settings needs a restart. */
const archived = ({ pipelines, catalogue }: Config): string =>
  JSON.stringify([pipelines.includes('archive'), [...catalogue]]);

/** An apply that lives asks by itself, after its pass; only then, if not, the file is read without being asked. */
const patienceMs = 3_000;

const isOvertaken = (event: PipelineEvent): boolean =>
  event.type === 'failed' && event.error.code === 'E_TWO_MAPPINGS';

/**
 * Runs the daemon with the mappings that are in force. At a hang-up, when `config apply` asks, or where Redis is served by those of a newer file, it reads them again: if they are in order, and
 * others than before, the daemon stops as it does for good, between two steps, and begins anew with them in this process, where its
 * checkpoints say; documents that are as they were go on without a pass, and an archive that nothing has changed for without a stop. Mappings that are wrong change nothing.
 * @throws the fatal error that ended it
 */
export async function runReloading({ reread, signal, ...options }: ReloadingOptions): Promise<void> {
  const { log } = options;
  const requests = new ReloadRequests(options.config.redis);
  const force = { config: options.config, over: new AbortController(), keepsArchive: false };
  const reload = async (request?: string): Promise<void> => {
    const answer = async (outcome: ReloadAnswer['outcome'], says: string) => {
      if (request !== undefined) await requests.answer(request, outcome, says);
    };
    try {
      const fresh = withMappings(force.config, reread());
      if (wordingOf(fresh) === wordingOf(force.config)) {
        await answer('unchanged', 'the mappings are as they were');
        return;
      }
      log.info('the mappings have changed: the daemon begins anew with them', { event: 'reload' });
      force.keepsArchive = archived(fresh) === archived(force.config);
      force.config = fresh;
      force.over.abort();
      await answer('reloaded', 'the mappings were read again');
    } catch (error) {
      const { message, ...details } = describeError(error);
      const says = `the mappings in force stay: ${message}`;
      const remedy = details.hint === undefined ? [] : [`    → ${details.hint}`];
      const text = [`[${timestamp()}] ERROR ${says.replaceAll('\n', '\n    ')}`, ...remedy].join('\n');
      log.error(says, { event: 'reload.refused', ...details, text });
      await answer('refused', says);
    }
  };
  // Whoever has the newer file may be an apply that read ours, and was killed before it could ask.
  const overtaken$ = new Subject<undefined>();
  const asked$ = merge(
    hangUp$().pipe(map(() => undefined)),
    overtaken$.pipe(delay(patienceMs)),
    requests.request$,
  );
  const listening = asked$.pipe(concatMap(reload), takeUntil(abort$(signal))).subscribe();
  let before: Handover | undefined;
  let archiveOf = archived(options.config);
  const goesOn = () => force.over.signal.aborted && !signal.aborted;
  try {
    do {
      force.over = new AbortController();
      const { config } = force;
      // If this run leaves nothing, the next begins as at a start.
      const left = before;
      before = undefined;
      // Settings that came while a run was ending are about an archive that it had kept already.
      const keeps = archived(config) === archiveOf;
      if (!keeps) await left?.archive?.going.close();
      archiveOf = archived(config);
      await runDaemon({
        ...options,
        ...{ config, goesOn, before: left && { ...left, archive: keeps ? left.archive : undefined } },
        keepsArchive: () => force.keepsArchive,
        onHandover: (handover) => (before = handover),
        onRunning: (url, control) => {
          control.events$.pipe(filter(isOvertaken)).subscribe(() => {
            overtaken$.next(undefined);
          });
          options.onRunning?.(url, control);
        },
        signal: AbortSignal.any([signal, force.over.signal]),
      });
    } while (goesOn());
  } finally {
    // Asked to stop between two runs.
    await before?.archive?.going.close();
    await before?.left?.mirror?.stop();
    listening.unsubscribe();
    requests.close();
  }
}
