import { type Config, loadConfig } from '../../src/config/load';
import type { Environment } from '../../src/config/environment';
import type { Control } from '../../src/control/control';
import { runDaemon } from '../../src/daemon/daemon';
import type { DaemonStatus } from '../../src/control/daemon-status';
import type { Log, LogFields } from '../../src/log/log';
import { eventually } from './eventually';

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** A log that keeps its lines. */
export function keepLog(): Log & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) => {
      lines.push({ level, message, fields });
    };
  return {
    lines,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    failure: (level, error, fields) => {
      at(level)(error instanceof Error ? error.message : String(error), fields);
    },
    close: () => Promise.resolve(),
  };
}

/** Of a daemon that runs both pipelines, or one whose status nobody asks for. */
export type FullStatus = DaemonStatus & {
  readonly aliases: NonNullable<DaemonStatus['aliases']>;
  readonly archive: NonNullable<DaemonStatus['archive']>;
};

export interface TestDaemon {
  readonly control: Control;
  readonly url: string;
  readonly log: ReturnType<typeof keepLog>;
  /** Settles when the daemon has ended; rejects with what ended it. */
  readonly running: Promise<void>;
  readonly status: () => Promise<FullStatus>;
  readonly stop: () => Promise<void>;
}

const daemons: TestDaemon[] = [];
afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.stop().catch(() => undefined);
});

/**
 * Runs the daemon in this process: the aliases, and with a POSTGRES_URL the archive instead. Resolves when its first full pass
 * is complete (or it listens). @param config instead of the environment
 */
export async function startDaemon(
  environment: Environment,
  { awaitPass = true, config }: { readonly awaitPass?: boolean; readonly config?: Config } = {},
): Promise<TestDaemon> {
  const only = environment['POSTGRES_URL'] === undefined ? 'aliases' : 'archive';
  const log = keepLog();
  const stop = new AbortController();
  const listening = deferred<{ readonly url: string; readonly control: Control }>();
  const running = runDaemon({
    config: config ?? loadConfig({ HTTP_PORT: '0', MILLRACE_ONLY: only, ...environment }),
    log,
    signal: stop.signal,
    onRunning: (url = '', control) => {
      listening.resolve({ url, control });
    },
  });
  running.catch(listening.reject);
  const { url, control } = await listening.promise;
  const daemon: TestDaemon = {
    url,
    control,
    log,
    running,
    status: async () => (await (await fetch(`${url}/status`)).json()) as FullStatus,
    stop: async () => {
      stop.abort();
      await running;
    },
  };
  daemons.push(daemon);
  if (awaitPass) {
    await eventually(() => log.lines.some((line) => line.fields['event'] === 'pass.done'), {
      alive: running,
      within: 25_000, // several at once on a busy machine, each with a process that looks at its file
    });
  }
  return daemon;
}

/** Promise.withResolvers, which Node 20 lacks. */
function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
