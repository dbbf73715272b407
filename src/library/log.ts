import { Subject } from 'rxjs';
import type { LogConfig } from '../log/log';
import { describeError } from '../foundation/errors';
import { type Log, type LogFields, openLog } from '../log/log';

/** A line of the log. `fields` never hold secrets or contents of records. */
export interface LogEntry {
  readonly level: LogConfig['level'];
  readonly message: string;
  readonly fields: LogFields;
}

const levels = ['debug', 'info', 'warn', 'error'] as const;

/** The log of a Millrace in somebody else's process: silent unless told where to write. */
export function libraryLog(config: LogConfig, to: 'console' | ((entry: LogEntry) => void) | undefined): Log {
  const written =
    to === 'console' || config.file !== '' ? openLog(config, false, to === 'console') : undefined;
  const entries$ = new Subject<LogEntry>();
  // By RxJS, so that an error of the caller's function is reported and never ends a cycle of ours.
  if (typeof to === 'function') entries$.subscribe(to);
  const write = (level: LogEntry['level'], message: string, fields: LogFields = {}) => {
    written?.[level](message, fields);
    if (levels.indexOf(level) >= levels.indexOf(config.level)) entries$.next({ level, message, fields });
  };
  const at = (level: LogEntry['level']) => (message: string, fields?: LogFields) => {
    write(level, message, fields);
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    failure: (level, error, fields) => {
      const { message, ...details } = describeError(error);
      write(level, message, { ...fields, ...details });
    },
    close: async () => written?.close(),
  };
}
