import type { Command } from 'commander';
import { type Environment, readEnvironment } from '../../config/environment';
import {
  mappedPipelines,
  type Mappings,
  mappingsFileName,
  mappingsOf,
  noMappings,
  problemLine,
  type Settings,
} from '../../config/mappings';
import { options } from '../../config/options';
import { readStable } from '../../config/stable-file';
import { describeError, fatal } from '../../foundation/errors';
import type { Problem } from '../../mapping/file/value';
import { print, printJson } from '../../terminal/print';
import { catalogue, type RunVerb, withOptions } from '../options';

interface Flags extends Record<string, unknown> {
  readonly config?: string;
  readonly json?: boolean;
}

const examples = `
Examples:
  millrace config check                  millrace.yaml in this folder, or MILLRACE_CONFIG
  millrace config check shop.yaml
  millrace config check --json | jq -r '.problems[].message'

It opens no store: whether tables and columns are there, \`millrace config plan\` says.
Exit code: 0 the file is in order, 1 it is not; each line then says where, as file:line:column.`;

/** `millrace config check`: everything that the file alone can tell. */
export function addCheck(config: Command, run: RunVerb): void {
  withOptions(
    config
      .command('check')
      .description('say what is wrong with the file of mappings, without opening anything')
      .argument('[file]', 'another file than the one that would be used')
      .option('--json', 'print the result as JSON'),
    ['config'],
  )
    .addHelpText('after', examples)
    .action((named: string | undefined, flags: Flags) =>
      run(() => {
        const environment = readEnvironment();
        const file = named ?? flags.config ?? environment[options.config.env] ?? '';
        const read = checked(file, settingsOf(environment));
        const json = flags.json === true;
        if ('problems' in read) tellProblems(file, read.problems, json);
        else tellMappings(file, read, json);
        return Promise.resolve('problems' in read ? 1 : 0);
      }),
    );
}

/** What the file says, or what is wrong: also that it says nothing. @throws E_CONFIG (fatal), as readFile does */
function checked(file: string, settings: Settings): ReturnType<typeof mappingsOf> {
  const read = readFile(file, settings);
  return 'problems' in read || mappedPipelines(read).length > 0
    ? read
    : { problems: [{ file, line: 1, column: 1, message: noMappings }] };
}

/** @throws E_CONFIG (fatal) when there is no file, or no text in it */
function readFile(file: string, settings: Settings): ReturnType<typeof mappingsOf> {
  const hint = 'Name the file, or run it in its folder; without one, the built-in mappings apply.';
  if (file.trim() === '')
    throw fatal(`there is no ${mappingsFileName} in this folder`, { code: 'E_CONFIG', hint });
  try {
    return mappingsOf(readStable(file).text, file, settings);
  } catch (error) {
    throw fatal(`${file} cannot be read: ${describeError(error).message}`, { code: 'E_CONFIG', hint });
  }
}

/** Of the settings, what names and keys depend on. That something else is wrong with them is for others to say. */
function settingsOf(environment: Environment): Settings {
  const { success, data } = options.aliasTables.schema.safeParse(environment[options.aliasTables.env]);
  return { aliasTables: success ? data : undefined, catalogue };
}

function tellProblems(file: string, problems: readonly Problem[], json: boolean): void {
  if (json) printJson({ file, ok: false, problems });
  else
    print([
      ...problems.map(problemLine),
      problems.length === 1 ? 'One problem.' : `${problems.length} problems.`,
    ]);
}

function tellMappings(
  file: string,
  { aliasTables, documents, catalogue: kinds }: Mappings,
  json: boolean,
): void {
  const has = {
    aliasTables: aliasTables.map(({ type }) => type),
    documents: documents.map(({ name }) => name),
    records: [...kinds.keys()].filter((kind) => !catalogue.has(kind)),
    registry: [...catalogue.keys()].every((kind) => kinds.has(kind)),
  };
  if (json) printJson({ file, ok: true, problems: [], ...has });
  else
    print([
      `${file} is in order.`,
      ...listed('alias tables', has.aliasTables),
      ...listed('documents', has.documents),
      ...listed('records', has.records),
      ...(has.registry ? ['  the kinds of ai-registry'] : []),
    ]);
}

const listed = (what: string, names: readonly string[]): readonly string[] =>
  names.length === 0 ? [] : [`  ${what}: ${names.join(', ')}`];
