import Redis from 'ioredis';
import { Client } from 'pg';
import { syncModels, syncPredictions } from '../../archive/document-sync';
import { serve } from '../serve';
import { anyVersion } from './rows';

/**
 * The algorithm of the document for the archive, each 300 seconds: every record of the indexes is read, and inserted if there is none of its name. (The
 * document counts predictions only; they are looked for by Redis id and time.) A record that fails does not stop the others.
 */
const [, , redisUrl = '', postgresUrl = ''] = process.argv;

async function sync(client: Redis): Promise<void> {
  const postgres = new Client(postgresUrl);
  postgres.on('error', () => undefined); // told by the query it interrupts
  await postgres.connect();
  try {
    const versionId = await anyVersion(postgres);
    const goOn = () => undefined; // "continues on individual record failures"
    for (const id of await client.zrange('aidb:idx:models', 0, -1))
      if ((await client.exists(`aidb:model:${id}`)) === 1)
        await syncModels(client, postgres, [Number(id)]).catch(goOn);
    for (const index of await client.keys('aidb:idx:predictions:*'))
      for (const id of await client.zrange(index, 0, -1))
        if ((await client.exists(`aidb:prediction:${id}`)) === 1)
          await syncPredictions(client, postgres, { first: Number(id), count: 1, versionId }).catch(goOn);
  } finally {
    await postgres.end();
  }
}

void serve(() => {
  const client = new Redis(redisUrl);
  client.on('error', () => undefined); // told by the command it interrupts
  return Promise.resolve(() => sync(client));
});
