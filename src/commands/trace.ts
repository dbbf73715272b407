import type { Command } from 'commander';
import { traceAlias } from '../aliases/inspect/trace';
import { traceDocument } from '../aliases/inspect/trace-document';
import { traceRecord } from '../archive/inspect/trace';
import { requirePostgres } from '../config/load';
import { useRunningDaemon } from '../embedded/stores';
import { describeAliasTrace, describeDocumentTrace, describeRecordTrace } from '../terminal/describe-trace';
import { configOf, type RunVerb, withOptions } from './options';
import { parseTraced, requireEntry } from '../terminal/trace-key';
import { print, printJson } from '../terminal/print';

const examples = `
Examples:
  millrace trace aidb:prediction:17        in Redis, in the stream, parked, in Postgres: and what happens next
  millrace trace run:3                     the same without the prefix
  millrace trace "alias:team:real madrid"  its rows in SQLite, the changes that name it, the key
  millrace trace team/rmcf
  millrace trace product:1                 any key of a mapping: its rows in SQLite, the changes that name it, the key
  millrace trace orders                    a stream of your own: how far it is read
  millrace trace orders 1526919030474-55   one entry of it
  millrace trace aidb:metric:3:loss:train --json | jq .verdict

Exit code: 0 applied, 2 parked, 1 anything else. Of records names, sizes and times are told, contents are not; of keys that are made
from SQLite, both sides are.`;

/** `millrace trace`: the life of one key, whichever mapping it is of. */
export function traceCommand(program: Command, run: RunVerb): void {
  withOptions(
    program
      .command('trace')
      .description('where one record, document or alias is, on its whole way, and what happens to it next')
      .argument(
        '<key>',
        'the key of any mapping; of aidb:<kind>:<id> and alias:<type>:<alias> the first word may be left out',
      )
      .argument('[entry]', 'of a stream of your own: the id of one entry')
      .option('--json', 'print it as JSON'),
    ['redisUrl', 'postgresUrl', 'dbPath', 'config'],
  )
    .addHelpText('after', examples)
    .action((key: string, entry: string | undefined, flags: Record<string, unknown>) =>
      run(async () => {
        const config = useRunningDaemon(configOf(flags));
        const traced = parseTraced(key, config);
        if (entry !== undefined) requireEntry(traced, config, entry);
        const json = flags['json'] === true;
        if (traced.of === 'alias') {
          const trace = await traceAlias(config, traced.type, traced.alias);
          if (json) printJson(trace);
          else print(describeAliasTrace(trace).split('\n'));
          return trace.verdict.state === 'applied' ? 0 : 1;
        }
        if (traced.of === 'document') {
          const trace = await traceDocument(config, traced.document, traced.name);
          if (json) printJson(trace);
          else print(describeDocumentTrace(trace).split('\n'));
          return trace.verdict.state === 'applied' ? 0 : 1;
        }
        const trace = await traceRecord(config, requirePostgres(config), traced.kind, traced.id, entry);
        if (json) printJson(trace);
        else print(describeRecordTrace(trace).split('\n'));
        const { state } = trace.verdict;
        return state === 'applied' ? 0 : state === 'parked' ? 2 : 1;
      }),
    );
}
