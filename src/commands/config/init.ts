import { existsSync, lstatSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { loadConfig } from '../../config/load';
import { readEnvironment } from '../../config/environment';
import { mappingsFileName } from '../../config/mappings';
import { options } from '../../config/options';
import { useRunningDaemon } from '../../embedded/stores';
import { fileText } from '../../scaffold/file-text';
import { look } from '../../scaffold/look';
import { registryStart } from '../../mapping/kinds';
import { propose } from '../../scaffold/propose';
import { schemaFrom } from '../../scaffold/schema';
import { failures, nextSteps, requireMappings, sourcesOf, summary } from '../../scaffold/report';
import { fileExists, writeNewFile } from '../../scaffold/write-file';
import { complain, print } from '../../terminal/print';
import { type RunVerb, withOptions } from '../options';

interface Flags extends Record<string, unknown> {
  readonly stdout?: boolean;
  readonly config?: string;
}

const examples = `
Examples:
  millrace config init --db shop.db           writes millrace.yaml, and says what is in it
  millrace config init --db shop.db --stdout  prints the file, and writes nothing

It reads the SQLite file, at most 10,000 keys of Redis (of each a little), and the names of the tables of Postgres. A file that is there
stays as it is. What it does not propose is in the file as a comment, with the reason.`;

/** `millrace config init`: proposes a file of mappings for stores that nobody has described. */
export function addInit(config: Command, run: RunVerb): void {
  withOptions(
    config
      .command('init')
      .description('propose a millrace.yaml for an SQLite file, a Redis and a Postgres, as they are')
      .option('--stdout', 'print the file instead of writing it'),
    ['redisUrl', 'postgresUrl', 'dbPath', 'config'],
  )
    .addHelpText('after', examples)
    .action((flags: Flags) => run(() => init(flags)));
}

async function init(flags: Flags): Promise<number> {
  const { [options.config.env]: byEnvironment, ...environment } = readEnvironment();
  const named = flags.config ?? byEnvironment;
  const path = resolve(named === undefined || named === '' ? mappingsFileName : named);
  const toStdout = flags.stdout === true;
  // Before anything is read: a file that is wrong is there, too.
  if (!toStdout && lstatSync(path, { throwIfNoEntry: false }) !== undefined) throw fileExists(path);
  const settings = useRunningDaemon(loadConfig(environment, { ...flags, config: undefined }));
  const isThere = settings.dbConfigured || existsSync(settings.dbPath);
  const stores = { ...settings, dbPath: isThere ? settings.dbPath : undefined };
  const findings = await look(stores);
  const sources = sourcesOf(stores, findings);
  complain(failures(findings));
  const { aliasTables, catalogue } = settings;
  const proposal = propose(findings, {
    sources,
    aliasTables,
    kinds: [...catalogue.values()],
    start: registryStart(catalogue),
  });
  const text = fileText(proposal, schemaFrom(dirname(path)));
  if (toStdout) {
    print(text.trimEnd().split('\n'));
    complain(summary(proposal));
    return 0;
  }
  requireMappings(proposal);
  writeNewFile(path, text);
  print([...summary(proposal), ...nextSteps(path)]);
  return 0;
}
