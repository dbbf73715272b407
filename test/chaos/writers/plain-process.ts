/** The application that writes records by plain commands, as the documents show it; it knows nothing of Millrace. See setting.ts. */
import { once } from 'node:events';
import Redis from 'ioredis';
import { Journal } from '../journal';
import { randomOf } from '../random';
import { plainModel, plainPrediction, plainRun, plainVersion } from '../../support/plain-writer';
import { settingOf, writeUntilTold } from './setting';

const { round, life, journal: path, seed, redisUrl, pace } = settingOf(process.argv[2]);
const random = randomOf(seed).named(`plain ${life}`);
const journal = new Journal(path);
// Nothing is ever sent twice, and nothing later than it was asked for.
const client = new Redis(redisUrl, {
  retryStrategy: () => 20,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
});
client.on('error', () => undefined);
let count = 0;
let parents: { readonly version: number; readonly run: number; readonly name: string } | undefined;

const named = (): string => `${round}.p${life}.${String(++count)}`;

/** New ones where Redis has forgotten the last, and now and then. */
async function parentsNow() {
  if (parents !== undefined && random.next() > 0.01) {
    if ((await client.exists(`aidb:version:${parents.version}`, `aidb:run:${parents.run}`)) === 2)
      return parents;
  }
  const name = named();
  const model = await plainModel(client, { name });
  const version = await plainVersion(client, model, { version: name });
  const run = await plainRun(client, version, { run_name: name, status: 'begun' });
  parents = { version, run, name };
  return parents;
}

async function turn(): Promise<void> {
  const name = named();
  const dice = random.next();
  if (dice < 0.35) {
    await journal.note({ once: [name] }, async () => {
      const { version } = await parentsNow();
      await plainPrediction(client, version, { input: JSON.stringify({ chaos: name }) });
    });
  } else if (dice < 0.5) {
    await journal.note({ once: [name] }, () => client.xadd('events', '*', 'tag', name));
  } else if (dice < 0.85) {
    const key = `cart:${round}-p${random.between(1, 25)}`;
    await journal.note({ keys: [[key, name]] }, () => client.hset(key, { v: name, note: 'plain' }));
  } else {
    const run = await parentsNow().catch(() => undefined);
    if (run === undefined) return;
    await journal.note({ keys: [[`run:${run.name}`, name]] }, () =>
      client.hset(`aidb:run:${run.run}`, 'status', name),
    );
  }
}

void once(client, 'ready')
  .then(() => writeUntilTold(pace, turn))
  .then(() => {
    client.disconnect();
    journal.close();
  });
