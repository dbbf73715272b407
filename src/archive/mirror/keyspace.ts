import { Observable } from 'rxjs';
import { abort$ } from '../../pipeline/pump';
import { asRetryable, describeError, retryable } from '../../foundation/errors';
import { RedisConnection } from '../../connections/redis';
import type { RedisTarget } from '../../connections/redis-url';
import { keyOffset, keyspacePatterns } from '../../connections/keyspace-pattern';
import type { Catalogue } from '../../mapping/kinds';
import { type Enabling, enableNotifications, flagsOf, isRefused } from './notifications';
import { PushReader } from './push-reader';

/** How long an answer to PING is waited for. */
const longestSilenceMs = 5_000;

export interface KeyspaceOptions {
  readonly target: RedisTarget;
  readonly catalogue: Catalogue;
  /** For commands that a subscribed connection cannot send. */
  readonly connection: RedisConnection;
  /** @param key latin1, as the event */
  readonly onEvent: (key: string, event: string) => void;
  /** How often a silent connection is tried, and the server's setting looked at. */
  readonly watchMs: number;
  /** Aborts for an end that misses nothing: the Observable completes when it has heard what Redis had sent by then. */
  readonly last: AbortSignal;
}

/**
 * One subscription to the events of our keys, on a connection of its own. Emits when it begins; when it has switched on events that
 * somebody had switched off; and when Redis begins or ceases to refuse that. Events from before an emission may be lost. The
 * Observable errors when the subscription ends, whatever the reason.
 */
export const keyspace$ = (options: KeyspaceOptions): Observable<Enabling> =>
  new Observable<Enabling>((subscriber) => {
    const { target, catalogue, onEvent } = options;
    const subscription = new RedisConnection(target, 'mirror');
    const { client } = subscription;
    const patterns = keyspacePatterns(target.db, catalogue);
    const fail = (error: unknown) => subscriber.error(explain(subscription, patterns, error));
    let heard = false;
    let refused = false;
    let pingedAt: number | undefined;
    let watch: NodeJS.Timeout | undefined;
    let unanswered = 0;
    const ping = () => {
      unanswered++;
      client.stream.write('*1\r\n$4\r\nPING\r\n');
    };
    const tick = () => {
      // If the other end vanishes without closing the connection, that is silent for ever: hence the PING.
      if (heard) pingedAt = undefined;
      else if (pingedAt === undefined) {
        pingedAt = performance.now();
        ping();
      } else if (performance.now() - pingedAt > longestSilenceMs) fail(new Error('Command timed out'));
      heard = false;
      enableNotifications(options.connection.client, flagsOf(catalogue)).then(
        (found) => {
          const changed = refused !== isRefused(found);
          refused = isRefused(found);
          if (changed || found === 'switched on') subscriber.next(found);
        },
        () => undefined, // whoever uses that connection reports that it does not answer
      );
    };
    // From here on we read the connection ourselves: ioredis has had every answer that it waited for, and sends nothing more.
    const subscribe = (found: Enabling): void => {
      let confirmed = 0;
      const reader = new PushReader(keyOffset(target.db), {
        onMessage: onEvent,
        onSubscribed: () => {
          if (++confirmed < patterns.length) return;
          refused = isRefused(found);
          subscriber.next(found);
        },
        onPong: () => {
          unanswered--;
          if (options.last.aborted && unanswered === 0) subscriber.complete();
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
      const named = patterns.map((pattern) => `$${Buffer.byteLength(pattern)}\r\n${pattern}\r\n`).join('');
      client.stream.write(`*${patterns.length + 1}\r\n$10\r\nPSUBSCRIBE\r\n${named}`);
      watch = setInterval(tick, options.watchMs);
    };
    // Redis also closes the connection of a subscriber that reads too slowly (client-output-buffer-limit).
    client.on('close', () => fail(new Error('the connection was closed')));
    const begin = async (): Promise<void> => {
      await subscription.connect();
      const found = await enableNotifications(client, flagsOf(catalogue));
      if (!subscriber.closed) subscribe(found);
    };
    begin().catch(fail);
    const lasting = abort$(options.last).subscribe(() => {
      if (watch === undefined) subscriber.complete();
      else ping();
    });
    return () => {
      clearInterval(watch);
      lasting.unsubscribe();
      subscription.close();
    };
  });

function explain(subscription: RedisConnection, patterns: readonly string[], error: unknown): unknown {
  const { message } = describeError(error);
  if (message.startsWith('NOPERM')) {
    return retryable(`Redis at ${subscription.display} denies the mirror: ${message}`, {
      code: 'E_REDIS_ACL',
      // The patterns as they are: Redis compares it with the grant letter by letter.
      hint: `Grant the ACL user ${patterns.map((pattern) => `'&${pattern}'`).join(' ')} with psubscribe, ping, info, config|get and config|set.`,
    });
  }
  // Retryable, whatever it is: somebody may mend it while we go on trying.
  return asRetryable(subscription.translate(error));
}
