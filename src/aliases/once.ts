import { interval } from 'rxjs';
import type { AliasStores } from '../config/load';
import { RedisConnection } from '../connections/redis';
import type { Log } from '../log/log';
import { createMetrics } from '../metrics/metrics';
import { untold } from '../pipeline/event';
import { type OnceOptions, runForOnePass } from '../pipeline/one-pass';
import { refusePaused } from '../pipeline/pause';
import { aliasLane } from './lane';
import { type PassReport, requireTables } from './pass/report';
import { aliasPauseStore } from './sink/pause-store';
import { mappingSet, sourceOptions } from './source/source-options';

export interface AliasesOnceOptions extends OnceOptions {
  /** Delete even when that is more than half of the keys of a type, and take over the keys of new documents. */
  readonly force?: boolean;
  /** New documents whose keys are taken over. */
  readonly claimed?: ReadonlySet<string>;
  /** The mappings are meant since then, however old their file is; milliseconds since 1970. */
  readonly since?: number;
}

/**
 * One full pass in this process, beside a running daemon or without one. Installs nothing in the SQLite file. The first
 * failure ends it.
 * @throws E_STOPPED when the signal aborts
 */
export async function aliasesOnce(
  config: AliasStores,
  log: Log,
  { force = false, claimed, since, ...options }: AliasesOnceOptions = {},
): Promise<PassReport> {
  const connection = new RedisConnection(config.redis, 'pass');
  const { turns, passes, close } = aliasLane({
    ...sourceOptions(config),
    set: { ...mappingSet(config), ...(since === undefined ? {} : { since }) },
    install: false,
    ...{ force, claimed, connection, log, metrics: createMetrics(), tell: untold },
  });
  const report = await runForOnePass({
    ...options,
    ...{ pipeline: 'aliases', turns, passes },
    wake$: interval(20), // only a locked file is waited for
    refused: () => refusePaused('aliases', aliasPauseStore(connection)),
    until: (ended) => Promise.race([passes.request('asked for'), ended]),
    cut: () => {
      connection.close();
    },
    close: async () => {
      await close();
      connection.close();
    },
  });
  requireTables(report, config);
  return report;
}
