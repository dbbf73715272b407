import { Writable } from 'node:stream';
import { createLogger, format, type Logger, transports } from 'winston';
import { describeError, fatal } from '../foundation/errors';
import { harmless, harmlessJson } from '../foundation/harmless';
import { type LogFile, openLogFile } from './log-file';
import { timestamp } from '../foundation/timestamp';

/**
 * Where and how to log. Events have fixed keys (event, pipeline, kind, key, rows, ms). `text`, when given, is what a person sees instead
 * of the fields; it is left out of JSON.
 */
export interface LogConfig {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly format: 'text' | 'json';
  readonly file: string;
  /** LOG_FILE is set aside before it grows larger than this; 0: never. */
  readonly maxBytes: number;
  /** How many files that were set aside are kept. */
  readonly files: number;
}

export type LogFields = Readonly<Record<string, unknown>> & { readonly text?: string };

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Logs code, message and hint of an error, never the object: it may hold a password. */
  failure(level: 'warn' | 'error', error: unknown, fields?: LogFields): void;
  close(): Promise<void>;
}

/** The one place where lines for people are formed, and so made harmless: text of others neither ends a line nor controls a terminal. */
const forPeople = format.printf((info) => {
  const { level, message, text, ...fields } = info;
  // Our own lines: text of others in them was made harmless when they were formed.
  if (typeof text === 'string') return text.split('\n').map(harmless).join('\n');
  const rest = Object.entries(fields)
    .filter(([key, value]) => key !== 'event' && key !== 'hint' && value !== undefined)
    .map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const hint = typeof fields['hint'] === 'string' ? `\n    → ${harmless(fields['hint'])}` : '';
  const label = level === 'info' ? '' : ` ${level.toUpperCase()}`;
  return `[${timestamp()}]${label} ${harmless(`${String(message)}${rest.join('')}`)}${hint}`;
});

const forMachines = format.printf((info) => {
  const { level, message, ...fields } = info;
  delete fields['text'];
  return harmlessJson({ time: new Date().toISOString(), level, message, ...fields });
});

/** @throws E_LOG_FILE (fatal) when the file cannot be opened: better now, with a remedy, than at the first line */
function addFile(logger: Logger, { file, maxBytes, files }: LogConfig): LogFile {
  try {
    const log = openLogFile({
      path: file,
      maxBytes,
      keep: files,
      // This goes to stderr, and into the file as soon as it can be written.
      onTrouble: (doing, error) => {
        const { message, code } = describeError(error);
        logger.error(`LOG_FILE ${file} cannot be ${doing} at present: ${message}`, {
          event: 'log.file',
          code,
        });
      },
      onRecovered: (missing) => {
        logger.info(`LOG_FILE ${file} is written again; ${missing} lines are missing in it`, {
          event: 'log.file',
          missing,
        });
      },
    });
    const stream = new Writable({
      decodeStrings: false,
      write: (line: string, _encoding, done) => {
        log.write(line);
        done();
      },
    });
    logger.add(new transports.Stream({ stream, eol: '' }));
    return log;
  } catch (error) {
    throw fatal(`LOG_FILE ${file} cannot be written: ${describeError(error).message}`, {
      code: 'E_LOG_FILE',
      hint: 'Let LOG_FILE name a file that the user running Millrace may write, or leave it empty.',
    });
  }
}

/**
 * @param stderr true sends everything to stderr, for verbs whose stdout is their result
 * @param toConsole false: into the file alone
 */
export function openLog(config: LogConfig, stderr = false, toConsole = true): Log {
  const shape = config.format === 'json' ? forMachines : forPeople;
  const levels = ['error', 'warn', 'info', 'debug'];
  const logger: Logger = createLogger({
    level: config.level,
    format: shape,
    transports: [
      new transports.Console({ silent: !toConsole, stderrLevels: stderr ? levels : ['error', 'warn'] }),
    ],
  });
  const file = config.file === '' ? undefined : addFile(logger, config);
  let closed = false;
  const write = (level: string, message: string, fields: LogFields = {}) => {
    // Work that is given up after the stop may still log: nobody listens any more, and winston would end the process for it.
    if (closed) return;
    logger.log({ ...fields, level, message });
  };
  return {
    debug: (message, fields) => {
      write('debug', message, fields);
    },
    info: (message, fields) => {
      write('info', message, fields);
    },
    warn: (message, fields) => {
      write('warn', message, fields);
    },
    error: (message, fields) => {
      write('error', message, fields);
    },
    failure: (level, error, fields) => {
      const { message, ...details } = describeError(error);
      write(level, message, { ...fields, ...details });
    },
    close: () =>
      new Promise((resolve) => {
        closed = true;
        logger.on('finish', () => {
          file?.close();
          resolve();
        });
        logger.end();
      }),
  };
}
