import { setTimeout as wait } from 'node:timers/promises';
import { aliasesOnce } from '../aliases/once';
import type { PassReport } from '../aliases/pass/report';
import { deleteLeft, forgetMappings } from '../aliases/sink/forget';
import { readIntroduced } from '../aliases/sink/introduced';
import { installCapture } from '../aliases/source/capture';
import { AliasSource } from '../aliases/source/source';
import { sourceOptions } from '../aliases/source/source-options';
import { type TableStatus, tableStatuses } from '../aliases/status';
import type { AliasStores, Config } from '../config/load';
import { RedisConnection } from '../connections/redis';
import { fatal } from '../foundation/errors';
import { nearest } from '../foundation/nearest';
import type { Log } from '../log/log';
import { answersTo, askForReload, type ReloadAnswer } from './reload-request';

export interface ApplyOptions {
  /** New documents that may replace what their keys hold now. */
  readonly yes: readonly string[];
  /** Documents that are in force no more. */
  readonly forget: readonly string[];
  readonly deleteKeys: boolean;
}

export interface Applied {
  /** What was installed in the SQLite file. */
  readonly capture: readonly string[];
  readonly unserved: readonly TableStatus[];
  readonly report: PassReport;
  readonly forgotten: readonly {
    readonly name: string;
    readonly prefix: string;
    readonly deleted?: number;
  }[];
  readonly daemons: readonly ReloadAnswer[];
}

/** How long daemons have to answer. They look twice a second. */
const patienceMs = 3_000;
const lookMs = 100;

/**
 * Brings Redis in step with the mappings in force: triggers, one full pass, and running daemons are asked to read the file again.
 * @throws E_NO_MAPPING (fatal) for a name that there is not, before anything is done; as a pass does
 */
export async function applyMappings(
  stores: AliasStores & Pick<Config, 'capture'>,
  log: Log,
  { yes, forget, deleteKeys }: ApplyOptions,
): Promise<Applied> {
  const { documents } = stores;
  const introduced = await readIntroduced(stores.redis);
  requireNames(
    yes,
    documents.map(({ name }) => name),
    '--yes names',
  );
  const left = Object.keys(introduced).filter(
    (name) => !documents.some((document) => document.name === name),
  );
  requireNames(forget, left, '--forget names');
  const { unserved, capture } = install(stores);
  const report = await aliasesOnce(stores, log, { claimed: new Set(yes), since: Date.now() });
  const connection = new RedisConnection(stores.redis, 'apply');
  try {
    await connection.connect();
    const forgotten: Applied['forgotten'][number][] = [];
    for (const name of forget) {
      const mapping = introduced[name];
      if (mapping === undefined) continue;
      const { prefix } = mapping;
      const deleted = deleteKeys ? { deleted: await deleteLeft(connection, mapping) } : {};
      forgotten.push({ name, prefix, ...deleted });
    }
    if (forget.length > 0) await forgetMappings(connection, forget);
    return { capture, unserved, report, forgotten, daemons: await reload(connection) };
  } finally {
    connection.close();
  }
}

function install(stores: AliasStores & Pick<Config, 'capture'>): Pick<Applied, 'unserved' | 'capture'> {
  const options = sourceOptions(stores);
  const source = AliasSource.open(options);
  try {
    const unserved = tableStatuses(source).filter(({ state }) => state !== 'served');
    if (!stores.capture || source.truths.size === 0) return { unserved, capture: [] };
    const steps = installCapture(options.path, options.mappings, options.aliasCase, {
      documents: stores.documents,
      tidy: true,
    });
    return { unserved, capture: steps.map(({ reason }) => reason) };
  } finally {
    source.close();
  }
}

async function reload(connection: RedisConnection): Promise<readonly ReloadAnswer[]> {
  const request = await askForReload(connection);
  const until = performance.now() + patienceMs;
  let answers: readonly ReloadAnswer[] = [];
  while (answers.length === 0 && performance.now() < until) {
    await wait(lookMs);
    answers = await answersTo(connection, request);
  }
  return answers;
}

function requireNames(names: readonly string[], known: readonly string[], what: string): void {
  const wrong = names.find((name) => !known.includes(name));
  if (wrong === undefined) return;
  const meant = nearest(wrong, known);
  throw fatal(`${what} ${wrong}, which is none of these: ${known.join(', ') || '(there are none)'}`, {
    code: 'E_NO_MAPPING',
    hint: meant === undefined ? '`millrace config plan` lists the names.' : `Did you mean ${meant}?`,
  });
}
