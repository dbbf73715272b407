import { exhaustMap, map, merge, takeUntil } from 'rxjs';
import type { Config } from '../config/load';
import { ReloadRequests } from '../control/reload-request';
import { describeError } from '../foundation/errors';
import { hangUp$ } from '../foundation/hang-up';
import { abort$ } from '../pipeline/pump';
import { type DaemonOptions, runDaemon } from './daemon';

export interface ReloadingOptions extends Omit<DaemonOptions, 'config' | 'signal'> {
  readonly config: Config;
  readonly signal: AbortSignal;
  /** Reads the settings again. @throws what is wrong with them */
  readonly reread: () => Config;
}

/** What of the settings is read again: the mappings, and what depends on them. All else needs a restart. */
const withMappings = (config: Config, fresh: Config): Config => {
  const { aliasTables, documents, catalogue, mappingsFile } = fresh;
  const redis = { ...config.redis, ...(fresh.redis.grants === undefined ? {} : { grants: fresh.redis.grants }) };
  return { ...config, aliasTables, documents, catalogue, mappingsFile, redis };
};

const mappingsOf = ({ aliasTables, documents, catalogue }: Config): string =>
  JSON.stringify([aliasTables, documents, [...catalogue]]);

/**
 * Runs the daemon with the mappings that are in force. At a hang-up, or when `config apply` asks, it reads them again: if they are in order and
 * others than before, the daemon stops as it does for good, between two steps, and begins anew with them in this process, where its
 * checkpoints say. Mappings that are wrong change nothing.
 */
export async function runReloading({ reread, signal, ...options }: ReloadingOptions): Promise<void> {
  const { log } = options;
  const requests = new ReloadRequests(options.config.redis);
  let { config } = options;
  let next: { readonly config: Config; readonly answer: () => Promise<void> } | undefined;
  let turn = new AbortController();
  const reload = async (request: string | undefined) => {
    const answer = async (outcome: 'reloaded' | 'unchanged' | 'refused', says: string) => {
      if (request !== undefined) await requests.answer(request, outcome, says);
    };
    try {
      const fresh = withMappings(config, reread());
      if (mappingsOf(fresh) === mappingsOf(config)) return await answer('unchanged', 'the mappings are as they were');
      log.info('the mappings have changed: beginning anew with them', { event: 'reload' });
      next = { config: fresh, answer: () => answer('reloaded', 'the mappings have been read again') };
      turn.abort();
    } catch (error) {
      log.failure('error', error, { event: 'reload.refused', hint: 'The mappings in force stay.' });
      await answer('refused', describeError(error).message);
    }
  };
  const asked$ = merge(hangUp$().pipe(map(() => undefined)), requests.request$);
  const listening = asked$.pipe(exhaustMap(reload), takeUntil(abort$(signal))).subscribe();
  try {
    do {
      next = undefined;
      turn = new AbortController();
      await runDaemon({ ...options, config, signal: AbortSignal.any([signal, turn.signal]) });
    } while (await goesOn());
  } finally {
    listening.unsubscribe();
    requests.close();
  }

  async function goesOn(): Promise<boolean> {
    if (next === undefined || signal.aborted) return false;
    ({ config } = next);
    await next.answer();
    return true;
  }
}
