import { createHash } from 'node:crypto';
import type Redis from 'ioredis';
import { describeError, fatal, type MillraceError } from '../foundation/errors';
import { readAsset, version } from '../foundation/package-root';

/** Files of the library in the order in which they need each other; together they are one Lua chunk. */
const files = [
  ...['calls', 'clock', 'arguments', 'keys', 'changes', 'records'],
  ...['models', 'versions', 'datasets', 'runs', 'hyperparams', 'json-text', 'metrics'],
  ...['experiments', 'experiment-runs', 'predictions', 'any-keys', 'version'],
];

export interface Library {
  /** The text for FUNCTION LOAD. */
  readonly source: string;
  /** The answer of `millrace_version`: `<version of Millrace> <hash of the source>`. */
  readonly version: string;
}

const hashOf = (body: string): string => createHash('sha256').update(body).digest('hex').slice(0, 12);

/** The Redis Function library of this Millrace (or, for tests, as another version would ship it). */
export function functionLibrary(ofVersion = version): Library {
  const body = files.map((name) => readAsset(`src/writer/functions/${name}.lua`)).join('\n');
  const stamp = `${ofVersion} ${hashOf(body)}`;
  return { version: stamp, source: `#!lua name=millrace\nlocal libraryVersion = '${stamp}'\n${body}` };
}

export const isFunctionMissing = (error: unknown): boolean =>
  describeError(error).message.startsWith('ERR Function not found');

/** The library that Redis has under our name. `altered`: its text is not that of any Millrace, whatever version it claims to be. */
export type FoundLibrary =
  'ours' | 'missing' | 'no functions' | 'altered' | { readonly otherVersion: string };

/** Compares the library that is loaded with ours, by its text: the version that it claims to be proves nothing. @throws as `ensureLibrary` */
export async function inspectLibrary(client: Redis, library = functionLibrary()): Promise<FoundLibrary> {
  let listed: unknown;
  try {
    listed = await client.call('FUNCTION', 'LIST', 'LIBRARYNAME', 'millrace', 'WITHCODE');
  } catch (error) {
    if (/^ERR unknown command/i.test(describeError(error).message)) return 'no functions';
    throw explain(error);
  }
  const [found] = listed as readonly (readonly unknown[])[];
  if (found === undefined) return 'missing';
  const source = String(found[found.indexOf('library_code') + 1]);
  if (source === library.source) return 'ours';
  const [, stamp = '', hash = '', body = ''] =
    /^#!lua name=millrace\nlocal libraryVersion = '(\S+ (\w+))'\n(.*)$/s.exec(source) ?? [];
  return hash !== '' && hash === hashOf(body) ? { otherVersion: stamp } : 'altered';
}

/** The error for a library that is not as it should be. */
export function libraryError(found: Exclude<FoundLibrary, 'ours' | 'no functions'>): MillraceError {
  const code = 'E_REDIS_FUNCTIONS';
  if (found === 'missing')
    return fatal('The function library is not in Redis: writers that call it get "Function not found"', {
      code,
      hint: 'Run `millrace migrate` as a Redis user that may load it: REDIS_URL names the user.',
    });
  if (found === 'altered')
    return fatal(
      'The function library millrace in Redis is not ours: its functions run with the rights of the writers',
      {
        code,
        hint: 'Look at it (FUNCTION LIST LIBRARYNAME millrace WITHCODE). Then FUNCTION DELETE millrace, and `millrace migrate`.',
      },
    );
  return fatal(`The function library in Redis is of another Millrace: ${found.otherVersion}`, {
    code,
    hint: 'Let all daemons be of one version, the newest, and run `millrace migrate` of it as a Redis user that may load it: REDIS_URL names the user.',
  });
}

/** Whether this library replaces the one found: an older one, or another of the same version; never a newer one. */
function replaces(ours: string, found: string): boolean {
  const parts = (stamp: string) => (stamp.split(/[ -]/)[0] ?? '').split('.').map((part) => Number(part) || 0);
  const theirs = parts(found);
  const difference = parts(ours)
    .map((part, index) => part - (theirs[index] ?? 0))
    .find((part) => part !== 0);
  return difference === undefined ? ours !== found : difference > 0;
}

/**
 * Loads the function library unless this one, or a newer one, is there. Safe to call from several processes at once.
 * @throws E_REDIS_FUNCTIONS (fatal) if it cannot be loaded; other errors of Redis as they are: the caller's connection translates them.
 */
export async function ensureLibrary(
  client: Redis,
  library = functionLibrary(),
): Promise<'loaded' | 'upgraded' | 'current'> {
  const found = await installedVersion(client);
  if (found !== undefined) {
    if (!replaces(library.version, found)) return 'current';
    const inspected = await inspectLibrary(client, library);
    if (inspected === 'altered') throw libraryError(inspected); // somebody else's, or changed by hand: never replaced in silence
  }
  try {
    await client.call('FUNCTION', 'LOAD', ...(found === undefined ? [] : ['REPLACE']), library.source);
  } catch (error) {
    // Another process was faster: look at what it has loaded.
    const lostRace = found === undefined && /already exists/.test(describeError(error).message);
    if (lostRace && (await installedVersion(client)) !== undefined) return ensureLibrary(client, library);
    throw explain(error);
  }
  return found === undefined ? 'loaded' : 'upgraded';
}

async function installedVersion(client: Redis): Promise<string | undefined> {
  try {
    return String(await client.call('FCALL', 'millrace_version', '0'));
  } catch (error) {
    if (isFunctionMissing(error)) return undefined;
    throw explain(error);
  }
}

/** Explains errors that mean that Redis has no functions, or denies them; returns others unchanged. */
function explain(error: unknown): unknown {
  const { message } = describeError(error);
  if (/^ERR unknown command/i.test(message)) {
    return fatal('This Redis server has no functions: it is older than version 7', {
      code: 'E_REDIS_FUNCTIONS',
      hint: 'Use Redis 7 or newer (or Valkey). Plain writers and the archive work without functions.',
    });
  }
  if (message.startsWith('NOPERM')) {
    return fatal(`Redis denies the function library: ${message}`, {
      code: 'E_REDIS_FUNCTIONS',
      hint: `Grant the ACL user ${grants}; or let \`millrace migrate\` load the library as another user and grant all but +function|load.`,
    });
  }
  if (/^ERR (Library|Function) .* already exists/.test(message)) {
    return fatal(`The function library millrace cannot be loaded: ${message.slice(4)}`, {
      code: 'E_REDIS_FUNCTIONS',
      hint: 'Another library has that name, or functions named millrace_…: look at FUNCTION LIST, and FUNCTION DELETE it if nobody needs it.',
    });
  }
  return error;
}

/**
 * The ACL rules of a writer. They include every command that the functions call, for Redis checks these against the caller's rights. The
 * stream has a selector of its own: a writer may add to it, but not delete it.
 */
export const grants =
  '~aidb:* +function|load +function|list +incr +incrby +get +exists +unlink +time ' +
  '+hset +hget +hdel +hlen +zadd +zrem +zscore +zcard +sadd +srem +scard +sismember ' +
  '(~aidb:* ~millrace:changes +fcall +xadd)';
