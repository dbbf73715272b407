import type { Command } from 'commander';
import { shownDocuments, shownRecords } from '../../config/shown';
import { registryOf } from '../../mapping/kinds';
import { writeDocuments } from '../../mapping/file/write-documents';
import { print, printJson } from '../../terminal/print';
import { configOf, type RunVerb, withOptions } from '../options';

const examples = `
Examples:
  millrace config show
  millrace config show --config shop.yaml
  millrace config show --json | jq '.documents[].name'`;

/** `millrace config show`: the mappings that a daemon here would begin with. */
export function addShow(config: Command, run: RunVerb): void {
  withOptions(
    config
      .command('show')
      .description('print all mappings that are in force, and where each is from')
      .option('--json', 'print them as JSON'),
    ['config'],
  )
    .addHelpText('after', examples)
    .action((flags: Record<string, unknown>) =>
      run(() => {
        const config = configOf(flags);
        const { catalogue, mappingsFile } = config;
        const shown = shownDocuments(config);
        const kinds = [...registryOf(catalogue).keys()];
        const records = shownRecords(config);
        if (flags['json'] === true)
          printJson({
            file: mappingsFile?.path ?? null,
            documents: shown.map(({ document, from }) => ({ ...document, from })),
            kinds,
            records: records.map(({ record, from }) => ({ ...record, from })),
          });
        else
          print([
            mappingsFile === undefined
              ? '# No file of mappings: what is built in.'
              : `# ${mappingsFile.path}, and what it includes.`,
            ...(kinds.length === 0 ? [] : [`# ai-registry, built in: ${kinds.join(', ')}`]),
            ...writeDocuments(shown, kinds.length === 0 ? [] : ['ai-registry'], records)
              .trimEnd()
              .split('\n'),
          ]);
        return Promise.resolve(0);
      }),
    );
}
