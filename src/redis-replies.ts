import { fatal, type MillraceError, retryable } from './errors';
import { daemonGrants } from './redis-grants';

export const wrongDatabase = /^ERR (DB index is out of range|invalid DB index)/;

/** What Redis says when it answers, and what to do. undefined: something else. */
export function translateReply(message: string, where: string) {
  const replies: readonly [RegExp, () => Error][] = [
    [
      /(^|: )(NOAUTH|WRONGPASS|ERR invalid password|ERR Client sent AUTH|ERR AUTH)/,
      () =>
        fatal(`Redis at ${where} refused the password`, {
          code: 'E_REDIS_AUTH',
          hint: 'Set REDIS_PASSWORD, or put user and password into REDIS_URL; leave both out for a server without one.',
        }),
    ],
    [
      // Inside of scripts Redis 7.0 says it in other words.
      /(^|: )NOPERM|^ERR The user executing the script/,
      () =>
        fatal(`Redis at ${where} denies a command: ${message}`, {
          code: 'E_REDIS_ACL',
          hint: `ACL SETUSER <user> ${daemonGrants}, as in deploy/redis/millrace.acl.`,
        }),
    ],
    [
      wrongDatabase,
      () =>
        fatal(`Redis at ${where} has no such database`, {
          code: 'E_REDIS_DB',
          hint: 'Check the number at the end of REDIS_URL, or REDIS_DB; the server allows as many as its `databases` setting.',
        }),
    ],
    [
      /READONLY/,
      () =>
        retryable(`Redis at ${where} is a read-only replica`, {
          code: 'E_REDIS_REPLICA',
          hint: 'Let REDIS_URL (or REDIS_HOST) name the primary.',
        }),
    ],
    [
      /(^|: )(MOVED|ASK|CROSSSLOT|CLUSTERDOWN) ?/,
      () =>
        fatal(`Redis at ${where} is a cluster node`, {
          code: 'E_REDIS_CLUSTER',
          hint: 'Millrace writes many keys in one atomic step, which a cluster cannot do: use a standalone server (or a primary with replicas).',
        }),
    ],
    [
      /OOM command not allowed/,
      () =>
        retryable(`Redis at ${where} is full: maxmemory is reached, writes are refused`, {
          code: 'E_REDIS_FULL',
          hint: 'Raise maxmemory or free memory; Millrace goes on by itself as soon as Redis takes writes again.',
        }),
    ],
    [
      /MISCONF/,
      () =>
        retryable(`Redis at ${where} refuses writes because it cannot save to disk`, {
          code: 'E_REDIS_DISK',
          hint: 'Look at the Redis log; free disk space or repair its folder.',
        }),
    ],
    [
      /^DENIED|running in protected mode/,
      () =>
        fatal(`Redis at ${where} takes connections of its own machine only (protected mode)`, {
          code: 'E_REDIS_AUTH',
          hint: 'Give it a password (requirepass) and put that into REDIS_PASSWORD or REDIS_URL.',
        }),
    ],
    [
      /max number of clients/,
      () =>
        retryable(`Redis at ${where} takes no more clients`, {
          code: 'E_REDIS',
          hint: 'Raise maxclients, or close other clients (CLIENT LIST); Millrace tries again.',
        }),
    ],
    [
      /(^|: )LOADING/,
      () =>
        retryable(`Redis at ${where} is loading its data`, {
          code: 'E_REDIS',
          hint: 'Wait until it has: Millrace goes on by itself.',
        }),
    ],
    [
      /(^|: )BUSY /,
      () =>
        retryable(`Redis at ${where} is busy with a script that somebody runs`, {
          code: 'E_REDIS',
          hint: 'Wait, or end it with SCRIPT KILL or FUNCTION KILL; Millrace goes on by itself.',
        }),
    ],
    [
      /(^|: )(MASTERDOWN|NOREPLICAS|NOMASTERLINK)/,
      () =>
        retryable(`Redis at ${where} misses its primary or its replicas: ${message}`, {
          code: 'E_REDIS_REPLICA',
          hint: 'Let REDIS_URL (or REDIS_HOST) name a primary that has the replicas it wants (min-replicas-to-write).',
        }),
    ],
    [
      /^(ERR )?Protocol error/,
      () =>
        retryable(`What answers at ${where} is not Redis: ${message.slice(0, 100)}`, {
          code: 'E_REDIS',
          hint: 'Let REDIS_URL (or REDIS_HOST and REDIS_PORT) name the Redis server.',
        }),
    ],
  ];
  return replies.find(([pattern]) => pattern.test(message))?.[1]();
}

/** A reply that we do not know: Redis answers, so it runs. */
export const unknownReply = (message: string, where: string): MillraceError =>
  retryable(`Redis at ${where}: ${message}`, {
    code: 'E_REDIS',
    hint: 'Redis answers, and refuses: the message is its own. Millrace tries again.',
  });

/** Nobody answers. */
export const noReply = (reason: string, where: string): MillraceError =>
  retryable(`Cannot connect to Redis at ${where}: ${reason}`, {
    code: 'E_REDIS_UNREACHABLE',
    hint: 'Ensure the Redis server is running and REDIS_URL (or REDIS_HOST and REDIS_PORT) is right; `--embedded` starts one.',
  });
