import { accessSync, constants } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createLogger, format, type Logger, type transport, transports } from 'winston';
import type { LogConfig } from './config';
import { describeError, fatal } from './errors';

/**
 * Structured events with fixed keys (event, pipeline, kind, key, rows, ms). `text`, when given, is what a person sees instead
 * of the fields; it never reaches the JSON form.
 */
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

/** `2026-01-05 14:30:00`, local time, as the documents print it. */
export function timestamp(date = new Date()): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

const forPeople = format.printf((info) => {
  const { level, message, text, ...fields } = info;
  if (typeof text === 'string') return text;
  const rest = Object.entries(fields)
    .filter(([key, value]) => key !== 'event' && key !== 'hint' && value !== undefined)
    .map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const hint = typeof fields['hint'] === 'string' ? `\n    → ${fields['hint']}` : '';
  const label = level === 'info' ? '' : ` ${level.toUpperCase()}`;
  return `[${timestamp()}]${label} ${String(message)}${rest.join('')}${hint}`;
});

const forMachines = format.printf((info) => {
  const { level, message, ...fields } = info;
  delete fields['text'];
  return JSON.stringify({ time: new Date().toISOString(), level, message, ...fields });
});

function addFile(logger: Logger, filename: string): void {
  const failed = (error: unknown) =>
    fatal(`LOG_FILE ${filename} cannot be written: ${describeError(error).message}`, {
      code: 'E_LOG_FILE',
      hint: 'Let LOG_FILE name a file that the user running Millrace may write, or leave it empty.',
    });
  try {
    // Found out now, with a remedy, and not at the first line.
    accessSync(dirname(resolve(filename)), constants.W_OK);
    const file: transport = new transports.File({ filename });
    // A log that can no longer be written (a full disk) must not take the daemon with it.
    file.on('error', (error: unknown) => {
      logger.remove(file);
      logger.error(describeError(failed(error)).message);
    });
    logger.add(file);
  } catch (error) {
    throw failed(error);
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
  if (config.file !== '') addFile(logger, config.file);
  const write = (level: string, message: string, fields: LogFields = {}) => {
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
        logger.on('finish', resolve);
        logger.end();
      }),
  };
}
