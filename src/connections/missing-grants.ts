import type { Redis } from 'ioredis';
import { describeError } from '../foundation/errors';

/** A command with the grant that it needs for itself, or after a space for its key; or in parentheses, whole. */
export type Granted = readonly [grant: string, ...command: string[]];

/** Takes down which part of a grant an error says is missing. @throws errors that say nothing of rights */
export const noteMissing =
  (missing: Set<string>, grant: string) =>
  (error: unknown): void => {
    const { message } = describeError(error);
    const [command = '', pattern = ''] = grant.startsWith('(') ? [grant, grant] : grant.split(' ');
    // Redis says whether it refuses the command or its key or channel; a refusal of the command may hide the other.
    if (message.startsWith('NOPERM')) missing.add(/keys|channels/.test(message) ? pattern : command);
    else if (!/^(ERR|NOSCRIPT|EXECABORT)/.test(message)) throw error; // those three say nothing of rights
  };

/**
 * The grants that this user lacks for commands. Each is only queued, in a transaction that is then given up: Redis checks rights when it
 * queues, and nothing is executed. The connection cannot be used afterwards. @throws only when the connection fails
 */
export async function missingGrants(client: Redis, needed: readonly Granted[]): Promise<Set<string>> {
  const missing = new Set<string>();
  await client.call('MULTI').catch(noteMissing(missing, '+multi'));
  if (missing.has('+multi')) return missing;
  for (const [grant, command, ...values] of needed)
    await client.call(command ?? '', ...values).catch(noteMissing(missing, grant));
  await client.call('DISCARD').catch(noteMissing(missing, '+discard'));
  return missing;
}
