import type { Command } from 'commander';
import type { Config } from '../../config/load';
import { options } from '../../config/options';
import { readStable } from '../../config/stable-file';
import { aliasDocument, defaultMappings } from '../../mapping/alias-tables';
import { builtInDocuments } from '../../mapping/file/built-in';
import { recordsIn, type Shown, type Shows, writeMappings } from '../../mapping/file/write-mappings';
import { print, printJson } from '../../terminal/print';
import { configOf, isRegistryIn, type RunVerb, withOptions } from '../options';

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
        const path = config.mappingsFile?.path;
        const shows = showsOf(config);
        if (flags['json'] === true) printJson(asJson(shows, path));
        else
          print([
            path === undefined
              ? '# No file of mappings: what is built in.'
              : `# ${path}, and what it includes.`,
            ...writeMappings(shows).trimEnd().split('\n'),
          ]);
        return Promise.resolve(0);
      }),
    );
}

function showsOf({ aliasTables, documents, catalogue, mappingsFile }: Config): Shows {
  const path = mappingsFile?.path;
  return {
    include: isRegistryIn(catalogue) ? ['ai-registry'] : [],
    documents: [...aliasesOf(aliasTables), ...documentsOf(documents, path ?? '')],
    records: path === undefined ? undefined : recordsIn(readStable(path).text),
  };
}

const asJson = ({ include, documents, records }: Shows, path: string | undefined) => ({
  file: path ?? null,
  include,
  documents: documents.map(({ document, from }) => ({ ...document, from })),
  records: plain(records ?? new Map()),
});

/** Maps as objects. */
const plain = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(plain);
  return value instanceof Map
    ? Object.fromEntries([...value].map(([key, of]: [unknown, unknown]) => [String(key), plain(of)]))
    : value;
};

const aliasesOf = (aliasTables: Config['aliasTables']): readonly Shown[] =>
  aliasTables.map((table) => ({
    document: aliasDocument(table),
    from: aliasTables === defaultMappings ? 'sports-aliases, built in' : options.aliasTables.env,
  }));

function documentsOf(documents: Config['documents'], path: string): readonly Shown[] {
  const entities = builtInDocuments('sports-entities');
  return documents.map((document) => ({
    document,
    from: entities.includes(document) ? 'sports-entities, built in' : path,
  }));
}
