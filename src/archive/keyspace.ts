import { Observable } from 'rxjs';
import { asRetryable, describeError, retryable } from '../errors';
import { RedisConnection } from '../redis';
import type { RedisTarget } from '../redis-url';
import { keyspacePattern } from './mirror-event';
import { type Enabling, enableNotifications } from './notifications';

export interface KeyspaceOptions {
  readonly target: RedisTarget;
  /** For questions a subscribed connection cannot ask. */
  readonly connection: RedisConnection;
  readonly onEvent: (channel: Buffer, event: Buffer) => void;
  /** How often a silent connection is tried, and the server's setting looked at. */
  readonly watchMs: number;
}

/**
 * One subscription to the events of our keys, on a connection of its own. Emits when it begins, and when somebody had switched
 * the events off and they are on again: what happened before is not coming. Errors when it ends, whatever the reason.
 */
export const keyspace$ = (options: KeyspaceOptions): Observable<Enabling> =>
  new Observable<Enabling>((subscriber) => {
    const { target, onEvent } = options;
    const subscription = new RedisConnection(target, 'mirror');
    const { client } = subscription;
    const pattern = keyspacePattern(target.db);
    const fail = (error: unknown) => subscriber.error(explain(subscription, pattern, error));
    let heard = false;
    let watch: NodeJS.Timeout | undefined;
    client.on('pmessageBuffer', (_pattern: string, channel: Buffer, event: Buffer) => {
      heard = true;
      onEvent(channel, event);
    });
    // Redis cuts a subscriber that reads too slowly, too (client-output-buffer-limit).
    client.on('close', () => fail(new Error('the connection was closed')));
    const tick = () => {
      // A connection whose other end is gone without a word would be silent for ever.
      if (!heard) client.ping().catch(fail);
      heard = false;
      enableNotifications(options.connection.client).then(
        (found) => {
          if (found === 'switched on') subscriber.next(found);
        },
        () => undefined, // no answer today: whoever uses that connection will say so
      );
    };
    const begin = async (): Promise<Enabling> => {
      await subscription.connect();
      const found = await enableNotifications(client);
      await client.psubscribe(pattern);
      return found;
    };
    begin().then((found) => {
      if (subscriber.closed) return;
      watch = setInterval(tick, options.watchMs);
      subscriber.next(found);
    }, fail);
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
