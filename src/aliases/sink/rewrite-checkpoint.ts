import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { retryable } from '../../foundation/errors';
import type { Renamed } from '../source/install-capture';
import { readAsset } from '../../foundation/package-root';
import type { RedisConnection } from '../../connections/redis';
import {
  type AliasCheckpoint,
  checkpointKey,
  type MappingSet,
  parseCheckpoint,
  readCheckpoint,
} from './checkpoint';

const swap = readAsset('src/aliases/sink/lua/swap.lua');
const mostBytes = 16 * 1024 ** 2;
/** Each attempt takes a round trip or two, in which a daemon may have applied a change: hundreds of them, where one applies all the time. */
const patienceMs = 5_000;

/**
 * Changes what the checkpoint says, beside daemons that apply. One that runs finds another stamp, and goes on from there.
 * @param change undefined: nothing has to be changed @throws explained errors; E_REDIS (retryable) while daemons apply without a pause
 */
export async function rewriteCheckpoint(
  connection: RedisConnection,
  change: (found: AliasCheckpoint) => AliasCheckpoint | undefined,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  do {
    const found = await readCheckpoint(connection);
    const checkpoint = parseCheckpoint(found);
    const changed = checkpoint && change(checkpoint);
    if (changed === undefined) return;
    const next = JSON.stringify({ ...changed, stamp: `${randomBytes(4).toString('hex')}.rewritten` });
    try {
      const done = await connection.client.eval(swap, 1, checkpointKey, found, next, mostBytes);
      if (done === 1) return;
    } catch (error) {
      throw connection.translate(error);
    }
  } while (performance.now() < deadline);
  throw retryable('changes are applied without a pause', {
    code: 'E_REDIS',
    hint: 'Try again, or pause the daemon meanwhile: `millrace pause --only cache`.',
  });
}

/**
 * Says before triggers are changed that other mappings are in force now: a daemon with those of before stands back, instead of taking the
 * change for a loss. @throws as `rewriteCheckpoint` does
 */
export const announceMappings = (connection: RedisConnection, set: MappingSet): Promise<void> =>
  rewriteCheckpoint(connection, (found) =>
    found.set?.hash === set.hash ? undefined : { ...found, set, ...signed() },
  );

/**
 * Says after triggers were changed where the changelog goes on that has another id now. Without a position whoever goes on begins with a pass.
 * @param goesOn whether nothing has gone unseen of mappings that were followed before @throws as `rewriteCheckpoint` does
 */
export const renameChangelog = (
  connection: RedisConnection,
  { from, to }: Renamed,
  goesOn: boolean,
): Promise<void> =>
  rewriteCheckpoint(connection, ({ position, ...found }) =>
    position?.changelog === from
      ? { ...found, position: goesOn ? { ...position, changelog: to } : null, ...signed() }
      : undefined,
  );

const signed = () => ({ at: Date.now(), by: `${hostname()}:${process.pid}` });
