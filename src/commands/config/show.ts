import type { Command } from 'commander';
import type { Config } from '../../config/load';
import { options } from '../../config/options';
import { aliasDocument, defaultMappings } from '../../mapping/alias-tables';
import { builtInDocuments } from '../../mapping/file/built-in';
import { ownKindsOf, registryOf } from '../../mapping/kinds';
import { type Shown, writeDocuments } from '../../mapping/file/write-documents';
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
        const { catalogue, mappingsFile, ...mapped } = configOf(flags);
        const shown = [...aliasesOf(mapped), ...documentsOf(mapped, mappingsFile?.path ?? '')];
        const kinds = [...registryOf(catalogue).keys()];
        const records = ownKindsOf(catalogue).map((record) => ({ record, from: mappingsFile?.path ?? '' }));
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

const aliasesOf = ({ aliasTables }: Pick<Config, 'aliasTables'>): readonly Shown[] =>
  aliasTables.map((table) => ({
    document: aliasDocument(table),
    from: aliasTables === defaultMappings ? 'sports-aliases, built in' : options.aliasTables.env,
  }));

function documentsOf({ documents }: Pick<Config, 'documents'>, path: string): readonly Shown[] {
  const entities = builtInDocuments('sports-entities');
  return documents.map((document) => ({
    document,
    from: entities.includes(document) ? 'sports-entities, built in' : path,
  }));
}
