import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Command } from 'commander';
import { readEnvironment } from '../config/environment';
import { describeError, fatal } from '../foundation/errors';
import { harmlessJson } from '../foundation/harmless';
import { useRunningDaemon } from '../embedded/stores';
import { collect } from '../support-bundle/collect';
import { configOf, type RunVerb, withOptions } from './options';
import { complain, print } from '../terminal/print';

const examples = `
Examples:
  millrace support-bundle                        millrace-support-<time>.json.gz in this folder
  millrace support-bundle /tmp/for-support.json.gz
  gunzip -c millrace-support-*.json.gz | less    look at it before you send it

It holds versions, settings, status, findings, metrics, the shapes and sizes of tables, what the servers say of themselves, parked
records as codes and counts, and warnings and errors of LOG_FILE. It holds no passwords or tokens, no contents of records, no aliases.`;

/** `millrace support-bundle`: one file for whoever is to help, without secrets or contents. */
export function supportBundleCommand(program: Command, run: RunVerb): void {
  withOptions(
    program
      .command('support-bundle')
      .description('one file with what support needs, without secrets or contents')
      .argument('[file]', 'where to write it (.json.gz)'),
    ['redisUrl', 'postgresUrl', 'dbPath', 'only', 'config'],
  )
    .addHelpText('after', examples)
    .action((file: string | undefined, flags: Record<string, unknown>) =>
      run(async () => {
        const config = useRunningDaemon(configOf(flags));
        const path = resolve(
          file ?? `millrace-support-${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}.json.gz`,
        );
        // The file is made before the work begins, so that a name that is taken is told at once.
        const descriptor = create(path);
        try {
          const { bundle, failed } = await collect(config, readEnvironment(), flags);
          writeSync(descriptor, gzipSync(`${harmlessJson(bundle, 2)}\n`));
          for (const { section, why } of failed) complain(`Note: ${section} could not be read: ${why}`);
          print([path, `    → Look at it before you send it: gunzip -c ${path} | less`]);
          return 0;
        } catch (error) {
          rmSync(path, { force: true });
          throw error;
        } finally {
          closeSync(descriptor);
        }
      }),
    );
}

/** Makes the file, which only its owner may read, and which never replaces another one. @throws E_SUPPORT_FILE */
function create(path: string): number {
  try {
    return openSync(path, 'wx', 0o600);
  } catch (error) {
    const { code, message } = describeError(error);
    throw fatal(code === 'EEXIST' ? `${path} exists already` : `${path} cannot be written: ${message}`, {
      code: 'E_SUPPORT_FILE',
      cause: error,
      hint: 'Name another file: millrace support-bundle /tmp/millrace.json.gz',
    });
  }
}
