import { blockedError } from '../aliases/pass/report';
import type { LetterGroup } from '../archive/letters/letter-store';
import { refusalTrouble } from '../archive/refusals';
import type { Config } from '../config/load';
import { describeError } from '../foundation/errors';
import type { DaemonStatus } from './daemon-status';
import type { MappingWords } from './mapping-words';

/** A mapping, and how it does, as far as that is known without asking a store. */
export interface MappingSummary extends Omit<MappingWords, 'text'> {
  readonly served: boolean;
  /** Why it is not served, and what to do; null: it is. */
  readonly message: string | null;
  readonly hint: string | null;
  /** Keys that the last full pass found in the table; null for records, and before the first pass. */
  readonly keysInPass: number | null;
  /** How many records that pass found different. */
  readonly differences: number | null;
  /** Rows that can have no key, or records in dead letters; null: not known. */
  readonly parked: number | null;
}

interface Known {
  readonly config: Config;
  readonly status: DaemonStatus;
  readonly groups: readonly LetterGroup[] | null;
}

export function summaryOf({ name, pipeline, form, keys, table }: MappingWords, known: Known): MappingSummary {
  const words = { name, pipeline, form, keys, table };
  if (pipeline === 'archive') {
    const { archive } = known.status;
    const differences = archive?.lastPass?.differences[name] ?? (archive?.lastPass ? 0 : null);
    const parked = known.groups
      ?.filter(({ kind }) => kind === name)
      .reduce((sum, { count }) => sum + count, 0);
    return { ...words, ...recordState(name, known), keysInPass: null, differences, parked: parked ?? null };
  }
  const result = known.status.aliases?.lastPass?.types[name];
  return {
    ...words,
    ...documentState(name, known.status),
    keysInPass: result?.total ?? null,
    differences: result === undefined ? null : result.added + result.updated + result.deleted,
    parked: result?.skipped ?? null,
  };
}

const isServed = { served: true, message: null, hint: null };
const isNot = ({
  message,
  hint,
}: {
  readonly message?: string | undefined;
  readonly hint?: string | undefined;
}) => ({
  served: false,
  message: message ?? 'it is not served',
  hint: hint ?? null,
});

function documentState(name: string, { aliases }: DaemonStatus) {
  const entry = aliases?.tables.find(({ type }) => type === name);
  if (entry === undefined) return isNot({ message: 'the SQLite file is not open' });
  if (entry.state !== 'served') return isNot(entry);
  const report = aliases?.lastPass;
  return report?.blocked.includes(name) === true
    ? isNot(describeError(blockedError(name, report)))
    : isServed;
}

function recordState(name: string, { config, status: { archive } }: Known) {
  const stopped = archive?.stopped.find(({ kind }) => kind === name);
  if (stopped !== undefined) return isNot(stopped);
  const refused = archive?.refusals.find(({ kind }) => kind === name);
  return refused === undefined ? isServed : isNot({ message: refusalTrouble(config.catalogue, refused) });
}
