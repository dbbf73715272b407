import { fatal, type MillraceError, retryable } from '../foundation/errors';
import type { RedisTarget } from './redis-url';

export const wrongDatabase = /^ERR (DB index is out of range|invalid DB index)/;

interface Remedy {
  readonly message: RegExp;
  readonly kind: 'retryable' | 'fatal';
  readonly code: string;
  /** The message, after `Redis at <where> `. */
  readonly what: string;
  /** Whether the server's own words follow. */
  readonly quoted?: true;
  /** `{grants}`: those of the target. */
  readonly hint: string;
}

/** What to do about errors that Redis replies; from scripts they come in other words, with the code in the middle. The first that matches counts. */
const remedies: readonly Remedy[] = [
  { message: /(^|: )(NOAUTH|WRONGPASS|ERR invalid password|ERR Client sent AUTH|ERR AUTH)/, kind: 'fatal', code: 'E_REDIS_AUTH', what: 'refused the password', hint: 'Set REDIS_PASSWORD, or put user and password into REDIS_URL; leave both out for a server without one.' }, // prettier-ignore
  { message: /(^|: )NOPERM|^ERR The user executing the script/, kind: 'fatal', code: 'E_REDIS_ACL', what: 'denies a command', quoted: true, hint: 'ACL SETUSER <user> {grants}, as in deploy/redis/millrace.acl.' }, // prettier-ignore
  { message: wrongDatabase, kind: 'fatal', code: 'E_REDIS_DB', what: 'has no such database', hint: 'Check the number at the end of REDIS_URL, or REDIS_DB; the server allows as many as its `databases` setting.' }, // prettier-ignore
  { message: /READONLY/, kind: 'retryable', code: 'E_REDIS_REPLICA', what: 'is a read-only replica', hint: 'Let REDIS_URL (or REDIS_HOST) name the primary.' }, // prettier-ignore
  { message: /(^|: )(MOVED|ASK|CROSSSLOT|CLUSTERDOWN) ?/, kind: 'fatal', code: 'E_REDIS_CLUSTER', what: 'is a cluster node', hint: 'Millrace writes many keys in one atomic step, which a cluster cannot do: use a standalone server (or a primary with replicas).' }, // prettier-ignore
  { message: /OOM command not allowed/, kind: 'retryable', code: 'E_REDIS_FULL', what: 'is full: maxmemory is reached, writes are refused', hint: 'Raise maxmemory or free memory; Millrace goes on by itself as soon as Redis takes writes again.' }, // prettier-ignore
  { message: /MISCONF/, kind: 'retryable', code: 'E_REDIS_DISK', what: 'refuses writes because it cannot save to disk', hint: 'Look at the Redis log; free disk space or repair its folder.' }, // prettier-ignore
  { message: /^DENIED|running in protected mode/, kind: 'fatal', code: 'E_REDIS_AUTH', what: 'takes connections of its own machine only (protected mode)', hint: 'Give it a password (requirepass) and put that into REDIS_PASSWORD or REDIS_URL.' }, // prettier-ignore
  { message: /max number of clients/, kind: 'retryable', code: 'E_REDIS', what: 'takes no more clients', hint: 'Raise maxclients, or close other clients (CLIENT LIST); Millrace tries again.' }, // prettier-ignore
  { message: /(^|: )LOADING/, kind: 'retryable', code: 'E_REDIS', what: 'is loading its data', hint: 'Wait until it has: Millrace goes on by itself.' }, // prettier-ignore
  { message: /(^|: )BUSY /, kind: 'retryable', code: 'E_REDIS', what: 'is busy with a script that somebody runs', hint: 'Wait, or end it with SCRIPT KILL or FUNCTION KILL; Millrace goes on by itself.' }, // prettier-ignore
  { message: /(^|: )(MASTERDOWN|NOREPLICAS|NOMASTERLINK)/, kind: 'retryable', code: 'E_REDIS_REPLICA', what: 'misses its primary or its replicas', quoted: true, hint: 'Let REDIS_URL (or REDIS_HOST) name a primary that has the replicas it wants (min-replicas-to-write).' }, // prettier-ignore
  { message: /^(ERR )?Protocol error/, kind: 'retryable', code: 'E_REDIS', what: 'answers like no Redis', quoted: true, hint: 'Let REDIS_URL (or REDIS_HOST and REDIS_PORT) name the Redis server.' }, // prettier-ignore
];

type Replying = Pick<RedisTarget, 'display' | 'grants'>;

/** Explains an error that Redis replied; undefined for one that we do not know. */
export function translateReply(message: string, target: Replying): MillraceError | undefined {
  const remedy = remedies.find((one) => one.message.test(message));
  if (remedy === undefined) return undefined;
  const { kind, code, what, quoted, hint } = remedy;
  const text = `Redis at ${target.display} ${what}${quoted ? `: ${message.slice(0, 300)}` : ''}`;
  return (kind === 'fatal' ? fatal : retryable)(text, {
    code,
    hint: hint.replace('{grants}', target.grants ?? '…'),
  });
}

/** The error for a reply that we do not know. */
export const unknownReply = (message: string, where: string): MillraceError =>
  retryable(`Redis at ${where}: ${message}`, {
    code: 'E_REDIS',
    hint: 'Redis answers, and refuses: the message is its own. Millrace tries again.',
  });

/** The error when nobody answers. */
export const noReply = (reason: string, where: string): MillraceError =>
  retryable(`Cannot connect to Redis at ${where}: ${reason}`, {
    code: 'E_REDIS_UNREACHABLE',
    hint: 'Ensure the Redis server is running, and that REDIS_URL, or REDIS_HOST and REDIS_PORT, name it; `millrace run --embedded` starts one.',
  });
