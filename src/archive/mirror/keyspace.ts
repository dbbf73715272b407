import { Observable } from 'rxjs';
import { asRetryable, describeError, retryable } from '../../foundation/errors';
import { RedisConnection } from '../../connections/redis';
import type { RedisTarget } from '../../connections/redis-url';
import { keyOffset, keyspacePattern } from '../../connections/keyspace';
import type { Catalogue } from '../../mapping/kinds';
import { type Enabling, enableNotifications, isRefused } from './notifications';
import { PushReader } from './push-reader';

/** For an answer to PING. */
const longestSilenceMs = 5_000;

export interface KeyspaceOptions {
  readonly target: RedisTarget;
  readonly catalogue: Catalogue;
  /** For questions a subscribed connection cannot ask. */
  readonly connection: RedisConnection;
  /** @param key what follows `aidb:`; latin1 as the event */
  readonly onEvent: (key: string, event: string) => void;
  /** How often a silent connection is tried, and the server's setting looked at. */
  readonly watchMs: number;
}

/**
 * One subscription to the events of our keys, on a connection of its own. Emits when it begins, when somebody had switched
 * the events off and they are on again, and when that begins or ends to be refused: what happened before is not coming. Errors
 * when it ends, whatever the reason.
 */
export const keyspace$ = (options: KeyspaceOptions): Observable<Enabling> =>
  new Observable<Enabling>((subscriber) => {
    const { target, catalogue, onEvent } = options;
    const subscription = new RedisConnection(target, 'mirror');
    const { client } = subscription;
    const pattern = keyspacePattern(target.db, catalogue);
    const fail = (error: unknown) => subscriber.error(explain(subscription, pattern, error));
    let heard = false;
    let refused = false;
    let pingedAt: number | undefined;
    let watch: NodeJS.Timeout | undefined;
    const tick = () => {
      // A connection whose other end is gone without a word would be silent for ever.
      if (heard) pingedAt = undefined;
      else if (pingedAt === undefined) {
        pingedAt = performance.now();
        client.stream.write('*1\r\n$4\r\nPING\r\n');
      } else if (performance.now() - pingedAt > longestSilenceMs) fail(new Error('Command timed out'));
      heard = false;
      enableNotifications(options.connection.client).then(
        (found) => {
          const changed = refused !== isRefused(found);
          refused = isRefused(found);
          if (changed || found === 'switched on') subscriber.next(found);
        },
        () => undefined, // no answer today: whoever uses that connection will say so
      );
    };
    // From here on the connection is read by us. ioredis made it, has had every answer that it waited for, and asks no more.
    const subscribe = (found: Enabling): void => {
      const reader = new PushReader(keyOffset(target.db), {
        onMessage: onEvent,
        onSubscribed: () => {
          refused = isRefused(found);
          subscriber.next(found);
        },
        onRefused: (message) => fail(new Error(message)),
      });
      client.stream.removeAllListeners('data').on('data', (chunk: Buffer) => {
        heard = true;
        try {
          reader.read(chunk);
        } catch (error) {
          fail(error);
        }
      });
      client.stream.write(`*2\r\n$10\r\nPSUBSCRIBE\r\n$${pattern.length}\r\n${pattern}\r\n`);
      watch = setInterval(tick, options.watchMs);
    };
    // Redis cuts a subscriber that reads too slowly, too (client-output-buffer-limit).
    client.on('close', () => fail(new Error('the connection was closed')));
    const begin = async (): Promise<void> => {
      await subscription.connect();
      const found = await enableNotifications(client);
      if (!subscriber.closed) subscribe(found);
    };
    begin().catch(fail);
    return () => {
      clearInterval(watch);
      subscription.close();
    };
  });

function explain(subscription: RedisConnection, pattern: string, error: unknown): unknown {
  const { message } = describeError(error);
  if (message.startsWith('NOPERM')) {
    return retryable(`Redis at ${subscription.display} denies the mirror: ${message}`, {
      code: 'E_REDIS_ACL',
      // Redis compares a pattern with the grant letter by letter.
      hint: `Grant the ACL user '&${pattern}' with psubscribe, ping, info, config|get and config|set.`,
    });
  }
  // It may be mended while we go on trying.
  return asRetryable(subscription.translate(error));
}
