import { type Command, InvalidArgumentError } from 'commander';
import {
  type DeadLetterStore,
  deadLetterStore,
  type Letter,
  type LetterFilter,
} from '../archive/letters/letter-store';
import { requirePostgres } from '../config/load';
import { fatal } from '../foundation/errors';
import { harmless } from '../foundation/harmless';
import { type Catalogue, ownNameForm } from '../mapping/kinds';
import { withStores } from '../config/left-out';
import { PostgresConnection } from '../connections/postgres/postgres';
import { useRunningDaemon } from '../embedded/stores';
import { confirm } from '../terminal/confirm';
import { noSuchLetters, nothingLike } from '../terminal/letters-like';
import { catalogue, configOf, type RunVerb, withOptions } from './options';
import { complain, print, printJson } from '../terminal/print';
import { tellUnserved } from '../terminal/unserved-aliases';

interface Flags extends Record<string, unknown> {
  readonly kind?: string;
  readonly error?: string;
  readonly limit?: number;
  readonly all?: boolean;
  readonly json?: boolean;
  readonly yes?: boolean;
}

const examples = `
Examples:
  millrace dead-letters list --kind prediction     what is parked, and why
  millrace dead-letters show 17                    one record with its contents
  millrace dead-letters retry --error E_PARENT     try those that wait for a parent again
  millrace dead-letters retry --all
  millrace dead-letters drop 17 18                 give these up
  millrace dead-letters drop --error E_TYPE --yes  without being asked

Exit code: 0 done, 2 when list has something to tell, 1 failed, or drop was not agreed to.`;

/** `millrace dead-letters`: records that could not be applied. */
export function deadLettersCommand(program: Command, run: RunVerb): void {
  const verb = program
    .command('dead-letters')
    .description('records of the archive that are parked: list, show, retry or drop them')
    .addHelpText('after', examples);
  const filtered = (name: string, description: string) =>
    withOptions(
      verb
        .command(name)
        .description(description)
        .argument('[ids...]', 'their numbers', parseIds, [] as string[])
        .option(
          '--kind <kind>',
          `only of this kind: ${[...catalogue.keys()].join(', ')}, a record of the file of mappings, or ? for what is none`,
        )
        .option('--error <code>', 'only with this code: an SQLSTATE or E_…')
        .option('--json', 'one line of JSON for each'),
      ['postgresUrl', 'config'],
    );
  filtered('list', 'what is parked, and why; rows in SQLite that cannot be served as well')
    .option('--limit <count>', 'at most so many', parseCount, 100)
    .action((ids: string[], flags: Flags) => run((signal) => listBoth({ flags, ids, signal })));
  filtered('show', 'everything about the ones named, contents included').action(
    (ids: string[], flags: Flags) =>
      run((signal) => withStore({ flags, ids: requireSome(ids, flags, 'show'), signal }, show)),
  );
  filtered('retry', 'try them again: the daemon does so within a second, or at its next start')
    .option('--all', 'all of them')
    .action((ids: string[], flags: Flags) =>
      run((signal) => withStore({ flags, ids: requireSome(ids, flags, 'retry'), signal }, retry)),
    );
  filtered('drop', 'give them up: they are deleted from the parked ones, and nowhere else; asks first')
    .option('--all', 'all of them')
    .option('--yes', 'without being asked first; needed where no terminal is')
    .action((ids: string[], flags: Flags) =>
      run((signal) => withStore({ flags, ids: requireSome(ids, flags, 'drop'), signal }, drop)),
    );
}

interface Asked {
  readonly flags: Flags;
  readonly signal: AbortSignal;
}

type Work = (
  asked: Asked & { readonly store: DeadLetterStore; readonly filter: LetterFilter },
) => Promise<number>;

/** Parked records; and, where nothing narrower is asked for, rows in SQLite that cannot be served. */
async function listBoth(asked: Asked & { readonly ids: readonly string[] }): Promise<number> {
  const { flags, ids } = asked;
  const { kind, error, limit = 100, json = false } = flags;
  if (ids.length > 0 || kind !== undefined || error !== undefined) return withStore(asked, list);
  const config = withStores(useRunningDaemon(configOf(flags)));
  const aliasesAlone = config.postgres === undefined && !config.pipelines.includes('archive');
  const parked = aliasesAlone ? 0 : await withStore(asked, list);
  const unserved = tellUnserved(config, limit, json);
  if (aliasesAlone && unserved === 0 && !json)
    print(`Every row of the ${config.documents.length > 0 ? 'mapped' : 'alias'} tables can be served.`);
  return unserved > 0 ? 2 : parked;
}

async function withStore(
  { flags, ids, signal }: Asked & { readonly ids: readonly string[] },
  work: Work,
): Promise<number> {
  const { kind, error } = flags;
  const config = useRunningDaemon(configOf(flags));
  const postgres = new PostgresConnection(requirePostgres(config), 'dead-letters');
  try {
    const filter = {
      ids,
      ...(kind === undefined ? {} : { kind }),
      ...(error === undefined ? {} : { code: error }),
    };
    const store = deadLetterStore(postgres, config.catalogue);
    await requireKind(kind, config.catalogue, store);
    return await work({ store, filter, flags, signal });
  } finally {
    postgres.close();
  }
}

const list: Work = async ({ store, filter, flags: { json, limit = 100 } }) => {
  const { letters, total } = await store.list(filter, limit);
  for (const letter of letters)
    if (json === true) printJson(letter);
    else print(line(letter));
  const tell = json === true ? complain : print;
  if (total === 0) tell(await nothingLike(store, filter));
  else if (json !== true) print(`${letters.length} of ${total} parked record${total === 1 ? '' : 's'}.`);
  return total > 0 ? 2 : 0;
};

const show: Work = async ({ store, filter, flags: { json } }) => {
  const { letters } = await store.list(filter, 1_000);
  if (letters.length === 0) throw noSuchLetters(await nothingLike(store, filter));
  for (const letter of letters) {
    const contents = await store.contents(letter.id);
    if (json === true) printJson({ ...letter, contents });
    else
      print([
        line(letter),
        ...details(letter),
        ...contents.map(([name, value]) => `  ${name}: ${value ?? '(none)'}`),
        '',
      ]);
  }
  return 0;
};

const retry: Work = async ({ store, filter, flags: { json } }) => {
  const { total } = await store.list(filter, 1);
  if (total === 0) return none(store, filter, json === true ? { retried: 0 } : undefined);
  const count = await store.retry(filter);
  if (json === true) printJson({ retried: count });
  else if (count > 0)
    print(`${count} will be tried again: by the daemon within a second, or at its next start.`);
  else print('None will be tried again: what is of the kind ? is no record. It can be dropped.');
  return 0;
};

const comesBack =
  'A record that is still in Redis as it is comes back at the next full pass: mend it there, or delete it.';

const drop: Work = async ({ store, filter, flags: { json, yes }, signal }) => {
  const { total } = await store.list(filter, 1);
  if (total === 0) return none(store, filter, json === true ? { dropped: 0 } : undefined);
  const agreed =
    yes === true ||
    (await confirm(`Drop ${total} parked record${total === 1 ? '' : 's'}? ${comesBack}`, signal));
  if (agreed === undefined) {
    throw fatal(`dead-letters drop: ${total} would be dropped, and nobody is here to be asked`, {
      code: 'E_NOT_CONFIRMED',
      hint: `Say --yes if they are to go. ${comesBack}`,
    });
  }
  const count = agreed ? await store.drop(filter) : 0;
  if (json === true) printJson({ dropped: count });
  else print(agreed ? `${count} dropped. ${comesBack}` : 'Nothing was dropped.');
  return agreed ? 0 : 1;
};

/** Nothing fits: an error only where numbers were named. */
async function none(
  store: DeadLetterStore,
  filter: LetterFilter,
  json: Readonly<Record<string, number>> | undefined,
): Promise<number> {
  const what = await nothingLike(store, filter);
  if (filter.ids.length > 0) throw noSuchLetters(what);
  if (json === undefined) print(what);
  else printJson(json);
  return 0;
}

const line = ({ id, key, record, code, column, message }: Letter): string =>
  `${id}  ${key}${record === null ? '' : ` ${record}`}  ${code}${column === null ? '' : ` ${column}`}: ${message}`;

const details = ({ kind, created, waitingFor, firstAt, lastAt, attempts, entryId }: Letter): string[] => [
  `  kind: ${kind}${created === null ? '' : `, created ${created}`}`,
  `  parked ${firstAt}, tried ${attempts === 1 ? 'once' : `${attempts} times`}, last ${lastAt}`,
  ...(waitingFor === null ? [] : [`  waits for ${waitingFor}`]),
  ...(entryId === null ? [] : [`  stream entry ${entryId}`]),
];

function parseIds(id: string, before: string[]): string[] {
  if (!/^\d{1,18}$/.test(id)) throw new InvalidArgumentError('a parked record is named by its number.');
  return [...before, id];
}

/** @throws E_USAGE: which kinds there are is known only when the file of mappings is read; those that were taken out of it may have letters */
async function requireKind(
  kind: string | undefined,
  kinds: Catalogue,
  store: DeadLetterStore,
): Promise<void> {
  if (kind === undefined || kind === '?' || kinds.has(kind)) return;
  if (ownNameForm.test(kind) && (await store.groups()).some((group) => group.kind === kind)) return;
  throw fatal(
    `there is no kind ${harmless(kind)}: the kinds are ${[...kinds.keys()].join(', ')}, and ? for what is none`,
    {
      code: 'E_USAGE',
      hint: '`millrace dead-letters --help` says what there is.',
    },
  );
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('a count is a whole number above 0.');
  return Number(text);
}

function requireSome(ids: readonly string[], { kind, error, all }: Flags, name: string): readonly string[] {
  if (ids.length > 0 || kind !== undefined || error !== undefined || all === true) return ids;
  throw fatal(`dead-letters ${name}: which ones?`, {
    code: 'E_CONFIG',
    hint: `Name their numbers, or --kind, or --error${name === 'show' ? '.' : ', or --all.'}`,
  });
}
