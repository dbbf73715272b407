import type { Result } from 'ioredis';
import { retryable } from '../../foundation/errors';
import { readAsset } from '../../foundation/package-root';
import { parseIncidents } from '../../pipeline/incidents/incident';
import type { IncidentStore } from '../../pipeline/incidents/incidents';
import type { RedisConnection } from '../../connections/redis';
import { readOwn } from './checkpoint';

/** The key, beside the checkpoint, that holds a hundred incidents at the most, as JSON. */
export const incidentsKey = 'millrace:aliases:incidents';

/** More bytes than our list can have. Such a value is none of ours, and not fetched: too large a reply would end the connection. */
const tooLong = 4 * 1024 ** 2;

/** How often a write is tried: another daemon may write at the same time. */
const attempts = 3;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** swap.lua */
    millraceSwap(key: string, expected: string, value: string, tooLong: number): Result<0 | 1, Context>;
  }
}

/** Incidents of the aliases, in Redis. */
export function aliasIncidentStore(connection: RedisConnection): IncidentStore {
  connection.client.defineCommand('millraceSwap', {
    numberOfKeys: 1,
    lua: readAsset('src/aliases/sink/lua/swap.lua'),
  });
  return {
    is: 'Redis',
    read: async () => parseIncidents(await read(connection)),
    update: async (change) => {
      for (let attempt = 1; attempt <= attempts; attempt++) {
        const found = await read(connection);
        const next = change(parseIncidents(found));
        const value = JSON.stringify(next);
        if (value === found || (next.length === 0 && found === '')) return next;
        try {
          if ((await connection.client.millraceSwap(incidentsKey, found, value, tooLong)) === 1) return next;
        } catch (error) {
          throw connection.translate(error);
        }
      }
      throw retryable('other daemons write at the same time', { code: 'E_REDIS' });
    },
  };
}

async function read(connection: RedisConnection): Promise<string> {
  try {
    if ((await connection.client.strlen(incidentsKey)) >= tooLong) return '';
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('WRONGTYPE'))) throw connection.translate(error);
  }
  return readOwn(connection, incidentsKey);
}
