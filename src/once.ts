import { ignoreElements, interval, lastValueFrom } from 'rxjs';
import { AliasLane } from './aliases/lane';
import { readPause } from './aliases/pause';
import type { PassReport } from './aliases/pass-runner';
import { requireTables } from './aliases/report';
import { archiveOnce } from './archive/once';
import { type Config, requirePostgres } from './config';
import { logLeftOut } from './left-out';
import type { Log } from './log';
import { createMetrics } from './metrics';
import { untold } from './pipeline/event';
import { pausedError } from './pipeline/pause';
import { type OnceOptions, stoppedEarly } from './pipeline/once-options';
import { pump } from './pipeline/pump';
import { showProgress } from './progress';
import { RedisConnection } from './redis';

/**
 * One full pass in this process, beside a running daemon or without one. Installs nothing in the SQLite file. The first
 * failure ends it.
 * @param options force: delete even when that is more than half of the keys of a type. @throws E_STOPPED when the signal aborts
 */
export async function passOnce(
  config: Config,
  log: Log,
  { force = false, signal, progress = true }: OnceOptions & { readonly force?: boolean } = {},
): Promise<PassReport> {
  const connection = new RedisConnection(config.redis, 'pass');
  const lane = new AliasLane({
    path: config.dbPath,
    mappings: config.aliasTables,
    aliasCase: config.aliasCase,
    install: false,
    force,
    connection,
    log,
    metrics: createMetrics(),
    tell: untold,
  });
  const done = new AbortController();
  const hideProgress = progress ? showProgress(() => lane.passes.progress) : () => undefined;
  const stop = () => {
    done.abort();
  };
  signal?.addEventListener('abort', stop);
  try {
    const paused = await readPause(connection);
    if (paused !== undefined) throw pausedError('aliases', paused);
    const report = lane.passes.request('asked for');
    const running = lastValueFrom(
      pump({
        cycle: () => lane.cycle(),
        wake$: interval(20), // only a locked file is waited for
        backoff: { baseMs: 1, capMs: 1 },
        signal: done.signal,
        givesUp: () => true,
        onFailure: () => undefined,
        onRecovery: () => undefined,
      }).pipe(ignoreElements()),
      { defaultValue: undefined },
    );
    const finished = await Promise.race([report, running]);
    done.abort();
    await running;
    if (finished === undefined) throw stoppedEarly();
    requireTables(finished, config.dbPath);
    return finished;
  } finally {
    hideProgress();
    signal?.removeEventListener('abort', stop);
    await lane.close();
    connection.close();
  }
}

/**
 * `run --once`, as the documents print it.
 * @returns the exit code: 0 in step, 2 in step but records are parked, 1 a pass stopped before a mass deletion.
 */
export async function runOnce(config: Config, log: Log): Promise<number> {
  const only = config.pipelines;
  if (only.includes('archive')) requirePostgres(config);
  logLeftOut(config, log);
  log.info('one-time sync', { event: 'once', text: 'Running one-time sync...' });
  let code = 0;
  if (only.includes('aliases')) {
    const report = await passOnce(config, log);
    if (report.blocked.length > 0) code = 1;
  }
  if (only.includes('archive')) {
    const { statistics } = await archiveOnce(config, log);
    if (statistics.errors > 0 && code === 0) code = 2;
  }
  if (code !== 1) log.info('done', { event: 'done', text: 'Done.' });
  return code;
}
