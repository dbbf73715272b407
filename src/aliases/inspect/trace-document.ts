import type { AliasStores } from '../../config/load';
import { inspectServer, RedisConnection } from '../../connections/redis';
import { documentHashes } from '../../mapping/fingerprint';
import { documentKeyspace, type DocumentMapping } from '../../mapping/documents';
import { parseName } from '../../mapping/key-template';
import { compareKeys, type KeyState } from '../sink/compare-keys';
import { type Standing, standings } from '../sink/introduction';
import { cutValue, showKeys } from '../sink/show-keys';
import { AliasSink } from '../sink/sink';
import { openForReading, sqliteError } from '../source/file/database';
import { AliasSource } from '../source/source';
import { sourceOptions } from '../source/source-options';
import { type DocumentChanges, documentChanges, noChanges } from './document-changes';

/** Where one key of a document is. */
export interface DocumentTrace extends DocumentChanges {
  readonly key: string;
  /** The name of the mapping that has this key, and its template. */
  readonly mapping: string;
  readonly template: string;
  /** The table that has a row for each key. */
  readonly table: string;
  /** The columns that the key names, as it names them; null: no row can have this key. */
  readonly columns: Readonly<Record<string, string>> | null;
  /** The value that Redis should have, going by the rows now, cut where it is long; null: no key. */
  readonly expected: string | null;
  /** Why there is no value though there are rows; null: there is one, or there are none. */
  readonly reason: string | null;
  /** What Redis has, likewise; a value of another type, or a large one, is told by that. */
  readonly redis: string | null;
  readonly verdict: {
    readonly state: 'applied' | 'waiting' | 'not captured' | 'blocked' | 'unserved' | 'unknown';
    readonly sentence: string;
  };
}

/** Where one document is. Reads SQLite and Redis, writes neither. @param name what comes behind the prefix in its key */
export async function traceDocument(
  stores: AliasStores,
  document: DocumentMapping,
  name: string,
): Promise<DocumentTrace> {
  const source = AliasSource.open(sourceOptions(stores));
  const connection = new RedisConnection(stores.redis, 'trace');
  const db = openForReading(stores.dbPath);
  try {
    await connection.connect();
    await inspectServer(connection);
    const keyspace = documentKeyspace(document);
    const key = keyspace.prefix + name;
    // The position is read before the rows: what is applied in between is told as waiting, and not overlooked.
    const { checkpoint } = await new AliasSink(connection).load();
    const { changelog } = source;
    const position =
      changelog !== undefined && checkpoint?.position?.changelog === changelog.id
        ? checkpoint.position.seq
        : undefined;
    const changes = changelog ? documentChanges({ db, source }, document, name, position) : noChanges;
    const truth = source.documentTruths.get(document.name);
    const [value = ''] = truth?.lookUp([name]) ?? [];
    const [state = 'absent'] = await compareKeys(connection, { keyspace, keys: [key], values: [value] });
    const [redis = null] = await showKeys(connection, keyspace, [{ key, value }]);
    const entry = source.documents.find(({ mapping }) => mapping.name === document.name);
    const hashes = documentHashes(stores.documents);
    const standing = standings({ documents: stores.documents, hashes, claimed: new Set() });
    const found: Found = {
      ...{ document, value, state, changes, prefix: keyspace.prefix },
      unserved: entry?.state === 'unserved' ? entry.message : undefined,
      fault: truth?.faultOf(name),
      standing: standing.of(document.name, checkpoint?.mappings ?? {}),
      notCaptured: changelog === undefined,
    };
    const parts = parseName(document.key, name);
    return {
      ...{ key, mapping: document.name, template: document.key.text, table: document.rows.table },
      columns:
        parts === undefined
          ? null
          : Object.fromEntries(document.key.parts.map(({ column }, at) => [column, parts[at] ?? ''])),
      expected: value === '' ? null : cutValue(value),
      ...{ reason: found.fault ?? null, redis, ...changes, verdict: verdictOf(found) },
    };
  } catch (error) {
    throw sqliteError(error, stores.dbPath);
  } finally {
    db.close();
    connection.close();
    source.close();
  }
}

interface Found {
  readonly document: DocumentMapping;
  readonly prefix: string;
  readonly value: string;
  readonly state: KeyState;
  readonly changes: DocumentChanges;
  /** Why the mapping cannot be served. */
  readonly unserved: string | undefined;
  /** Why this key can have no value. */
  readonly fault: string | undefined;
  readonly standing: Standing;
  readonly notCaptured: boolean;
}

/** Whether the key is in step, and what happens next, in one sentence. Pure. */
function verdictOf(found: Found): DocumentTrace['verdict'] {
  const { document, prefix, value, state, changes, unserved, fault, standing } = found;
  const { table } = document.rows;
  if (unserved !== undefined)
    return { state: 'unserved', sentence: `${unserved}: the keys of ${document.name} are left as they are.` };
  const inStep = value === '' ? state === 'absent' : state === 'same';
  if (fault !== undefined && inStep)
    return { state: 'unserved', sentence: `This key can have no value: ${fault}. Mend its rows in SQLite.` };
  if (inStep && value === '')
    return changes.changelog.length > 0
      ? { state: 'applied', sentence: `Applied: no row of ${table} has this key, and there is none.` }
      : { state: 'unknown', sentence: `Neither in ${table} nor in Redis: nobody has written it.` };
  if (inStep) return { state: 'applied', sentence: 'Applied: the key is as its rows say.' };
  if (standing === 'new') return blocked(document.name, prefix, state);
  const oldest = changes.changelog.findLast(({ consumed }) => !consumed);
  if (oldest !== undefined)
    return {
      state: 'waiting',
      sentence: `Waiting in the changelog since ${new Date(oldest.at).toISOString()}, by a change of ${oldest.table}, ${changes.before ?? 0} changes before it; a running daemon applies it at once.`,
    };
  const rows = fault === undefined ? 'as its rows say' : `gone, though it can have no value (${fault})`;
  const why = found.notCaptured
    ? 'and changes are not captured: the next full pass brings it (`millrace capture status` says why)'
    : 'and no change waits: the next full pass repairs it (`millrace reconcile` runs one now)';
  return { state: 'not captured', sentence: `The key is not ${rows}, ${why}.` };
}

const blocked = (name: string, prefix: string, state: KeyState): DocumentTrace['verdict'] => ({
  state: 'blocked',
  sentence:
    state === 'absent'
      ? `${name} is new: no full pass has brought it in step yet, and it writes none of ${prefix}* before one has (\`millrace config plan\` says what it would do).`
      : `${name} is new, and this key holds something else: it leaves all of ${prefix}* as they are (\`millrace config plan\` shows them; \`millrace config apply --yes ${name}\` takes them over).`,
});
