import { loadConfig, type Config } from '../../../src/config/load';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import { catalogueOf, type Catalogue } from '../../../src/mapping/kinds';
import type { RecordColumn, RecordMapping } from '../../../src/mapping/own-records';
import { recordKinds } from '../../../src/mapping/record-kinds';
import { type RecordType } from '../../../src/mapping/record-forms';
import { startDaemon, type TestDaemon } from '../../support/daemon';
import { eventually } from '../../support/eventually';
import type { Archive } from './archive';

/** `{ email: 'text!' }` */
export const fields = (
  types: Readonly<Record<string, RecordType | `${RecordType}!`>>,
): readonly RecordColumn[] =>
  Object.entries(types).map(([column, type]) => ({
    ...{ column, field: column },
    type: type.replace('!', '') as RecordType,
    required: type.endsWith('!'),
  }));

/** What a record says of the rest without a word about it. */
export const atRest = { onConflict: undefined, appendOnly: false, retentionDays: undefined } as const;

const whole = { type: 'text', rest: false, after: '' } as const;

export const user: RecordMapping = {
  name: 'user',
  table: 'users',
  key: { prefix: 'user:', parts: [{ ...whole, column: 'id', type: 'int' }] },
  holds: 'hash',
  columns: [
    ...fields({ email: 'text!', age: 'int', active: 'bool', prefs: 'json', seen_at: 'time', score: 'float' }),
    { column: 'tier', field: 'plan', type: 'text', required: false },
  ],
  unique: [],
  parents: [],
  none: '',
  onDelete: 'keep',
  ...atRest,
};
export const session: RecordMapping = {
  name: 'session',
  table: 'sessions',
  key: { prefix: 'session:', parts: [{ ...whole, column: 'sid' }] },
  holds: 'hash',
  columns: fields({ started_at: 'time!', ip: 'text' }),
  unique: [],
  parents: [{ column: 'user_id', record: 'user', from: { field: 'user_id', required: false } }],
  none: undefined,
  onDelete: 'mark',
  ...atRest,
};
export const cart: RecordMapping = {
  name: 'cart',
  table: 'carts',
  key: {
    prefix: 'cart:',
    parts: [
      { ...whole, column: 'user', type: 'int', after: '/' },
      { ...whole, column: 'item', rest: true },
    ],
  },
  holds: 'hash',
  columns: fields({ amount: 'int!', note: 'bytes', token: 'uuid' }),
  unique: [],
  parents: [{ column: 'user_id', record: 'user', from: { part: 'user' } }],
  none: undefined,
  onDelete: 'delete',
  ...atRest,
};

/** The registry and these. */
export const withRegistry = (...mappings: readonly RecordMapping[]): Catalogue =>
  catalogueOf([...aiRegistry.values(), ...recordKinds(mappings)]);

/** These alone. */
export const alone = (...mappings: readonly RecordMapping[]): Catalogue => catalogueOf(recordKinds(mappings));

export interface OwnArchive {
  readonly config: (changes?: Readonly<Record<string, string>>) => Config;
  /** A daemon that has made its first pass, and hears. */
  readonly start: (changes?: Readonly<Record<string, string>>) => Promise<TestDaemon>;
}

export function ownArchive(archive: Archive, catalogue: Catalogue): OwnArchive {
  const config: OwnArchive['config'] = (changes = {}) =>
    loadConfig(
      { HTTP_PORT: '0', MILLRACE_ONLY: 'archive', ...archive.environment(changes) },
      {},
      undefined,
      catalogue,
    );
  return {
    config,
    start: async (changes) => {
      const daemon = await startDaemon({ POSTGRES_URL: archive.postgres.url }, { config: config(changes) });
      await eventually(async () => expect((await daemon.status()).archive.mirror.state).toBe('listening'));
      return daemon;
    },
  };
}
