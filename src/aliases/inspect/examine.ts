import type { AliasFile, AliasStores } from '../../config/load';
import { builtInNames } from '../../config/mappings';
import { type Finding, problem } from '../../pipeline/finding';
import { describeGaps } from '../source/capture';
import { dryRunPass } from '../pass/dry-run-pass';
import { isNetworkPath, networkWarning } from '../source/file/network-path';
import { AliasSource } from '../source/source';
import { documentRights } from './document-rights';
import { type StoreFacts, storeFacts } from './store-facts';
import { tableStatuses } from '../status';
import { sourceOptions } from '../source/source-options';

/** Checks both stores and what lies between them. Reads only; never throws for what it finds. */
export async function examine(stores: AliasStores): Promise<readonly Finding[]> {
  const findings: Finding[] = [...networkFinding(stores.dbPath)];
  const failed = (error: unknown) => {
    findings.push(problem(error));
  };
  let openable = true;
  try {
    findings.push(...databaseFindings(stores));
  } catch (error) {
    openable = false;
    failed(error);
  }
  if (!openable) return findings;
  try {
    const facts = await storeFacts(stores);
    const keys = stores.documents.length > 0 ? 'keys of the mappings' : 'alias keys';
    findings.push(...serverFindings(stores.redis.display, keys, facts), checkpointFinding(facts));
    if (stores.documents.length > 0) findings.push(await documentRights(stores.redis, stores.documents));
    const drift = await dryRunPass(stores, { force: 'mass deletion' }, () => undefined);
    const differences = drift.added + drift.updated + drift.deleted;
    findings.push(
      differences === 0
        ? {
            level: 'ok',
            what: `no drift: ${drift.total} ${drift.documents === undefined ? 'aliases are as their tables' : 'keys are as their rows'} say`,
          }
        : {
            level: 'problem',
            what: `drift: ${drift.added} keys missing, ${drift.updated} different, ${drift.deleted} too many`,
            remedy: '`millrace reconcile --dry-run` lists them; `millrace reconcile` repairs them.',
          },
    );
  } catch (error) {
    failed(error);
  }
  return findings;
}

function databaseFindings(file: AliasFile): readonly Finding[] {
  const source = AliasSource.open(sourceOptions(file));
  try {
    const findings: Finding[] = [{ level: 'ok', what: `${file.dbPath} opens` }];
    findings.push(
      source.journalMode === 'wal'
        ? { level: 'ok', what: 'journal mode WAL' }
        : {
            level: 'note',
            what: `journal mode ${source.journalMode}: readers and writers can make each other wait`,
            remedy: 'Switch to WAL once, with: PRAGMA journal_mode = WAL',
          },
    );
    // Whoever writes a file may include what is built in for the day when the tables are there.
    const optional = file.documents.length > 0 ? builtInNames(file) : new Set();
    for (const table of tableStatuses(source)) {
      findings.push(
        table.state === 'served'
          ? { level: 'ok', what: `${table.table} feeds ${table.keys}` }
          : {
              level: table.state === 'missing' && optional.has(table.type) ? 'note' : 'problem',
              what: table.message ?? table.table,
              ...(table.hint === undefined ? {} : { remedy: table.hint }),
            },
      );
    }
    findings.push(
      source.changelog !== undefined
        ? { level: 'ok', what: 'triggers, changelog and indexes are in place' }
        : {
            level: 'problem',
            what: `the capture is incomplete: ${describeGaps(source.captureGaps)}`,
            remedy:
              'Start the daemon, or run `millrace capture install`; until then only full passes bring changes over.',
          },
    );
    return findings;
  } finally {
    source.close();
  }
}

function serverFindings(redis: string, keys: string, { server }: StoreFacts): readonly Finding[] {
  const findings: Finding[] = [{ level: 'ok', what: `Redis ${server.version} at ${redis} answers` }];
  findings.push(
    server.evicts
      ? {
          level: 'problem',
          what: `Redis may evict ${keys} (maxmemory-policy ${server.maxmemoryPolicy})`,
          remedy: 'Set maxmemory-policy to noeviction or volatile-lru, and raise maxmemory.',
        }
      : { level: 'ok', what: `no eviction of ${keys} (maxmemory-policy ${server.maxmemoryPolicy})` },
  );
  return findings;
}

function checkpointFinding({ checkpoint, lagRecords }: StoreFacts): Finding {
  if (checkpoint === null) {
    return {
      level: 'problem',
      what: 'Redis holds no checkpoint: nothing was synced into it yet',
      remedy: 'Start the daemon, or run `millrace run --once`.',
    };
  }
  if (lagRecords === null) {
    return {
      level: 'problem',
      what: 'the changelog does not go on where Redis is',
      remedy: 'Start the daemon: a full pass settles it.',
    };
  }
  if (lagRecords > 0) {
    return {
      level: 'problem',
      what: `${lagRecords} changes wait`,
      remedy: 'Is the daemon running? `millrace status` tells.',
    };
  }
  return { level: 'ok', what: `checkpoint by ${checkpoint.by}; no change waits` };
}

const networkFinding = (path: string): readonly Finding[] =>
  isNetworkPath(path) ? [{ level: 'problem', ...networkWarning }] : [];
