import Redis from 'ioredis';
import { Journal } from '../journal';
import { type Random, randomOf } from '../random';
import { settingOf, writeUntilTold } from './setting';

interface Parents {
  readonly version: number;
  readonly run: number;
  readonly name: string;
}

export interface RecordWriter {
  readonly client: Redis;
  readonly journal: Journal;
  readonly random: Random;
  /** What keys of the user's own are called by, which this writer writes again and again. */
  readonly cart: () => string;
  /** A name that nothing else has. */
  readonly named: () => string;
  /** New ones where Redis has forgotten the last, and now and then. */
  readonly parentsNow: () => Promise<Parents>;
}

/** What the applications that write records have in common, however they write. Nothing is ever sent twice, and nothing later than it was asked for. */
export function recordWriter(
  way: 'functions' | 'plain',
  newParents: (client: Redis, name: string) => Promise<Omit<Parents, 'name'>>,
): RecordWriter & { readonly run: (turn: () => Promise<unknown>) => void } {
  const { round, life, journal: path, seed, redisUrl, pace } = settingOf(process.argv[2]);
  const random = randomOf(seed).named(`${way} ${life}`);
  const journal = new Journal(path);
  const client = new Redis(redisUrl, {
    retryStrategy: () => 20,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
  });
  client.on('error', () => undefined);
  const letter = way.charAt(0);
  let count = 0;
  let parents: Parents | undefined;
  const named = (): string => `${round}.${letter}${life}.${String(++count)}`;
  return {
    ...{ client, journal, random, named },
    cart: () => `cart:${round}-${letter}${random.between(1, 25)}`,
    parentsNow: async () => {
      if (parents !== undefined && random.next() > 0.01) {
        if ((await client.exists(`aidb:version:${parents.version}`, `aidb:run:${parents.run}`)) === 2)
          return parents;
      }
      const name = named();
      parents = { ...(await newParents(client, name)), name };
      return parents;
    },
    run: (turn) =>
      // Not by `once` of node:events, which an error ends: Redis may be away when it begins.
      void new Promise((resolve) => client.once('ready', resolve))
        .then(() => writeUntilTold(pace, turn))
        .then(() => {
          client.disconnect();
          journal.close();
        }),
  };
}
