import type Redis from 'ioredis';
import { describeError } from '../../foundation/errors';

/**
 * What the mirror needs of `notify-keyspace-events`: channels by key (K); generic (g), string ($, a SET over a record), set,
 * hash and sorted set events.
 */
const needed = ['K', 'g', '$', 's', 'h', 'z'];
/** The flags that `A` stands for, as far as they matter to us. */
const all = needed.filter((flag) => flag !== 'K');

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

const setting = 'notify-keyspace-events';

const missingFrom = (value: string): string =>
  [...needed]
    .filter((flag) => !value.includes(flag) && !(value.includes('A') && all.includes(flag)))
    .join('');

function refusal(error: unknown, wanted: string): NotificationsRefused {
  const { code, message } = describeError(error);
  // An error that is no answer of the server is trouble of the connection, not a refusal.
  if (code !== 'ReplyError') throw error;
  return { refused: message, hint: hint(wanted) };
}

const hint = (wanted: string): string =>
  `Let redis.conf (or the parameter group of a managed Redis) hold \`${setting} ${wanted}\`, or grant the ACL user +config|get +config|set.`;

/** Reads the setting and changes nothing. @throws only when the connection fails */
export async function inspectNotifications(client: Redis): Promise<Inspection> {
  try {
    const reply = (await client.config('GET', setting)) as string[];
    const value = reply[1];
    if (value === undefined)
      return { refused: `CONFIG GET does not tell ${setting}`, hint: hint(needed.join('')) };
    const missing = missingFrom(value);
    return missing === '' ? 'on' : { value, missing };
  } catch (error) {
    return refusal(error, needed.join(''));
  }
}

/**
 * Adds the flags that are missing; those that are on belong to somebody and stay. Redis forgets the setting at its next restart
 * (its configuration file is its owner's), so this is called with every subscription.
 * @throws only when the connection fails
 */
export async function enableNotifications(client: Redis): Promise<Enabling> {
  const found = await inspectNotifications(client);
  if (found === 'on' || isRefused(found)) return found;
  const wanted = found.value + found.missing;
  try {
    await client.config('SET', setting, wanted);
    return 'switched on';
  } catch (error) {
    return { ...refusal(error, wanted), missing: found.missing };
  }
}
