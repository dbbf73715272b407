import type { KeyShape } from './key-shapes';
import type { FoundRedisKey } from './redis-sample';

/** Keys that a library keeps for itself: what is in them is its business, and changes at every turn. */
const libraries: readonly (readonly [name: string, keys: RegExp])[] = [
  ['Bull', /^bull:/],
  ['Bee-Queue', /^bq:/],
  ['Resque', /^resque:/],
  ['RQ', /^rq:/],
  ['Celery', /^(?:celery$|celery-task-meta-|celery-taskset-meta-|_kombu\.|unacked)/],
  ['Laravel', /^(?:\w+_database_)?(?:queues:|horizon:)/],
  ['Spring Session', /^spring:session:/],
  ['Socket.IO', /^socket\.io/],
];

/** Keys of Sidekiq have common names: they are its own where it has left one of these. */
const sidekiqs = new Set(['stat:processed', 'processes', 'schedule', 'queues']);
const sidekiq =
  /^(?:queues|queue:.*|processes|schedule|retry|dead|stat:.*|.+:\d+:[0-9a-f]{12}(?::work)?|cron_job.*)$/;

/** @param keys all that were found @returns the library that keeps a key for itself */
export function libraryOf(keys: readonly FoundRedisKey[]): (key: string) => string | undefined {
  const names = new Set(keys.map(({ key }) => key));
  const hasSidekiq = [...sidekiqs].filter((name) => names.has(name)).length > 1;
  // Whatever its prefix is: a queue of BullMQ has a counter of jobs, and a hash about itself.
  const queues = [...names].flatMap((name) => {
    const queue = /^(.+:)meta$/.exec(name)?.[1];
    return queue !== undefined && names.has(`${queue}id`) ? [queue] : [];
  });
  return (key) => {
    const known = libraries.find(([, its]) => its.test(key))?.[0];
    if (known !== undefined) return known;
    if (hasSidekiq && sidekiq.test(key)) return 'Sidekiq';
    return queues.some((queue) => key.startsWith(queue)) ? 'BullMQ' : undefined;
  };
}

/** What keys with such a word in their name are for, and why nobody wants a table of them. */
const purposes: readonly (readonly [words: RegExp, why: string])[] = [
  [/^(?:lock|locks|mutex|redlock|semaphore|lease)$/, 'locks, by their name'],
  [/^(?:cache|cached|caches)$/, 'a cache, by its name: what is in it is somewhere else already'],
  [/^(?:rl|ratelimit|ratelimits|ratelimiter|throttle)$/, 'limits of rates, by their name'],
  [/^(?:tmp|temp)$/, 'temporary, by their name'],
];
const queueWords = /^(?:queue|queues|job|jobs|task|tasks|inbox|outbox|pending|todo|mq)$/;
const sessionWords = /^(?:sess|session|sessions)$/;

/** What speaks against a table of keys with this name. @param expires whether they do */
export function purposeOf(shape: KeyShape, expires: boolean): string | undefined {
  const words = shape.parts
    .flatMap((part) => ('literal' in part ? part.literal.split(/[^A-Za-z0-9]+/) : []))
    .map((word) => word.toLowerCase());
  const has = (known: RegExp) => words.some((word) => known.test(word));
  const found = purposes.find(([known]) => has(known))?.[1];
  if (found !== undefined) return found;
  if (/\brate[-_]?limit/i.test(shape.parts.map((part) => ('literal' in part ? part.literal : '')).join(':')))
    return 'limits of rates, by their name';
  if (shape.type === 'list' && has(queueWords))
    return 'a queue, by its name: what waits in it moves up with each that leaves';
  return expires && has(sessionWords) ? 'sessions that expire, whose keys are secrets' : undefined;
}
