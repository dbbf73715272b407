import { existsSync, lstatSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { loadConfig } from '../../config/load';
import { readEnvironment } from '../../config/environment';
import { useRunningDaemon } from '../../embedded/stores';
import { fileText } from '../../scaffold/file-text';
import { look } from '../../scaffold/look';
import { propose } from '../../scaffold/propose';
import { failures, nextSteps, requireMappings, sourcesOf } from '../../scaffold/sources';
import { summary } from '../../scaffold/summary';
import { fileExists, writeNewFile } from '../../scaffold/write-file';
import { complain, print } from '../../terminal/print';
import { type RunVerb, withOptions } from '../options';

interface Flags extends Record<string, unknown> {
  readonly stdout?: boolean;
}

const examples = `
Examples:
  millrace config init --db shop.db           writes millrace.yaml, and says what is in it
  millrace config init --db shop.db --stdout  prints the file, and writes nothing

It reads the SQLite file, at most 10,000 keys of Redis, and the names of the tables of Postgres. A file that is there stays as it is.`;

const reader = {
  schema: 'https://raw.githubusercontent.com/millrace-sync/millrace/main/mappings/millrace.schema.json',
  readsRecords: false,
};

/** `millrace config init`: proposes a file of mappings for stores that nobody has described. */
export function initCommand(config: Command, run: RunVerb): void {
  withOptions(
    config
      .command('init')
      .description('propose a millrace.yaml for an SQLite file, a Redis and a Postgres, as they are')
      .option('--stdout', 'print the file instead of writing it'),
    ['redisUrl', 'postgresUrl', 'dbPath'],
  )
    .addHelpText('after', examples)
    .action((flags: Flags) =>
      run(async () => {
        const { MILLRACE_CONFIG: named, ...environment } = readEnvironment();
        const path = resolve(named === undefined || named === '' ? 'millrace.yaml' : named);
        const toStdout = flags.stdout === true;
        // Before anything is read: a file that is wrong is there, too.
        if (!toStdout && lstatSync(path, { throwIfNoEntry: false }) !== undefined) throw fileExists(path);
        const settings = useRunningDaemon(loadConfig(environment, flags));
        const isThere = settings.dbConfigured || existsSync(settings.dbPath);
        const stores = { ...settings, dbPath: isThere ? settings.dbPath : undefined };
        const findings = await look(stores);
        const sources = sourcesOf(stores, findings);
        complain(failures(findings));
        const kinds = [...settings.catalogue.keys()];
        const proposal = propose(findings, { sources, aliasTables: settings.aliasTables, kinds });
        const text = fileText(proposal, reader);
        if (toStdout) {
          process.stdout.write(text);
          complain(summary(proposal));
          return 0;
        }
        requireMappings(proposal, sources);
        writeNewFile(path, text);
        print([...summary(proposal), ...nextSteps(path)]);
        return 0;
      }),
    );
}
