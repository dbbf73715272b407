import type Redis from 'ioredis';
import { describeError } from '../../foundation/errors';
import { type Catalogue, ownKindsOf } from '../../mapping/kinds';
import type { Each } from '../../mapping/record-forms';

/**
 * What the mirror needs of `notify-keyspace-events`: channels by key (K); generic (g), string ($, a SET over a record), set,
 * hash and sorted set events.
 */
const needed = 'Kg$shz';

/** What records of the user's own need besides: events of lists, of streams. */
const further: Partial<Readonly<Record<Each, string>>> = { element: 'l', entry: 't' };

/**
 * What else is needed where rows go with what is taken out of a key, or keys come again for other records: that a key expired or was evicted.
 * Another one of its name has other records, and the rows of those before must not go with the first that is taken out of it.
 */
const lapses = 'xe';

/** The flags that these kinds need. */
export const flagsOf = (catalogue: Catalogue): string => {
  const flags = ownKindsOf(catalogue).flatMap(({ own: { item, born, onDelete } }) => {
    const loses = (item ?? born) !== undefined && item?.each !== 'entry' && onDelete !== 'keep';
    return [further[item?.each ?? 'field'] ?? '', loses ? lapses : ''];
  });
  return needed + [...new Set(flags)].join('');
};

/** Redis does not let us read the setting, or change it. Events may come all the same: managed servers have the setting elsewhere. */
export interface NotificationsRefused {
  readonly refused: string;
  /** The flags that are missing; undefined: Redis does not let us read the setting. */
  readonly missing?: string;
  readonly hint: string;
}

/** Whether the events are switched on. `missing` are the flags to add to `value`. */
export type Inspection = 'on' | { readonly value: string; readonly missing: string } | NotificationsRefused;
/** What `enableNotifications` found or did. */
export type Enabling = 'on' | 'switched on' | NotificationsRefused;

export const isRefused = (found: Inspection | Enabling): found is NotificationsRefused =>
  typeof found !== 'string' && 'refused' in found;

export const setting = 'notify-keyspace-events';

/** `A` stands for all that matter to us, but for K. */
const missingFrom = (value: string, flags: string): string =>
  Array.from(flags)
    .filter((flag) => !value.includes(flag) && !(value.includes('A') && flag !== 'K'))
    .join('');

function refusal(error: unknown, wanted: string): NotificationsRefused {
  const { code, message } = describeError(error);
  // An error that is no answer of the server is trouble of the connection, not a refusal.
  if (code !== 'ReplyError') throw error;
  return { refused: message, hint: notificationsHint(wanted) };
}

export const notificationsHint = (wanted: string): string =>
  `Let redis.conf (or the parameter group of a managed Redis) hold \`${setting} ${wanted}\`, or grant the ACL user +config|get +config|set.`;

/** Reads the setting and changes nothing. @throws only when the connection fails */
export async function inspectNotifications(client: Redis, flags = needed): Promise<Inspection> {
  try {
    const reply = (await client.config('GET', setting)) as string[];
    const value = reply[1];
    if (value === undefined)
      return { refused: `CONFIG GET does not tell ${setting}`, hint: notificationsHint(flags) };
    const missing = missingFrom(value, flags);
    return missing === '' ? 'on' : { value, missing };
  } catch (error) {
    return refusal(error, flags);
  }
}

/**
 * Adds the flags that are missing; those that are on belong to somebody and stay. Redis forgets the setting at its next restart
 * (its configuration file is its owner's), so this is called with every subscription.
 * @throws only when the connection fails
 */
export async function enableNotifications(client: Redis, flags = needed): Promise<Enabling> {
  const found = await inspectNotifications(client, flags);
  if (found === 'on' || isRefused(found)) return found;
  const wanted = found.value + found.missing;
  try {
    await client.config('SET', setting, wanted);
    return 'switched on';
  } catch (error) {
    return { ...refusal(error, wanted), missing: found.missing };
  }
}
