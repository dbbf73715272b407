import { deadLetterStore, type Letter } from '../archive/letters/letter-store';
import { type Config, requirePostgres } from '../config/load';
import { fatal } from '../foundation/errors';
import { PostgresConnection } from '../connections/postgres/postgres';

/** Which records: all that is given must match; if nothing is given, all records match. */
export interface DeadLetterFilter {
  readonly ids?: readonly string[];
  readonly kind?: string;
  /** An SQLSTATE or `E_…`. */
  readonly code?: string;
}

/** Parked records: those that the archive could not apply, and keeps. Every method asks Postgres; no daemon has to run. */
export interface DeadLetters {
  /** The records in the order of their ids, 100 unless `limit` is given; `total` counts all that match. */
  readonly list: (
    filter?: DeadLetterFilter & { readonly limit?: number },
  ) => Promise<{ readonly letters: readonly Letter[]; readonly total: number }>;
  /** A record, field by field, as it was found in Redis; empty if no copy was kept. */
  readonly contents: (id: string) => Promise<readonly (readonly [field: string, value: string | null])[]>;
  /** Has records tried again: at once if the archive runs, else at its next start. @returns how many */
  readonly retry: (filter?: DeadLetterFilter) => Promise<number>;
  /** Gives parked records up; Redis and the tables are not touched. To give up all, say `'all'`. @returns how many */
  readonly drop: (filter: DeadLetterFilter | 'all') => Promise<number>;
}

export function deadLettersOf(stores: () => Promise<Config>): DeadLetters {
  const ask = async <T>(work: (store: ReturnType<typeof deadLetterStore>) => Promise<T>): Promise<T> => {
    const config = await stores();
    const postgres = new PostgresConnection(requirePostgres(config), 'dead-letters');
    try {
      return await work(deadLetterStore(postgres, config.catalogue));
    } finally {
      postgres.close();
    }
  };
  return {
    list: ({ limit = 100, ...filter } = {}) =>
      ask((store) => store.list(checked(filter), Number.isSafeInteger(limit) && limit > 0 ? limit : 100)),
    contents: (id) => ask((store) => store.contents(checkedId(id))),
    retry: (filter = {}) => ask((store) => store.retry(checked(filter))),
    drop: (filter) => ask((store) => store.drop(checked(filter === 'all' ? {} : requireSome(filter)))),
  };
}

const checked = ({ ids = [], kind, code }: DeadLetterFilter) => ({
  ids: ids.map(checkedId),
  ...(kind === undefined ? {} : { kind }),
  ...(code === undefined ? {} : { code }),
});

function requireSome(filter: DeadLetterFilter): DeadLetterFilter {
  const { ids = [], kind, code } = filter;
  if (ids.length > 0 || kind !== undefined || code !== undefined) return filter;
  throw fatal('which parked records are to be dropped?', {
    code: 'E_CONFIG',
    hint: "Name their ids, a kind or a code, or say 'all'.",
  });
}

function checkedId(id: string): string {
  if (/^\d{1,18}$/.test(id)) return id;
  throw fatal('a parked record is named by its number', {
    code: 'E_CONFIG',
    hint: 'deadLetters.list() tells the numbers.',
  });
}
