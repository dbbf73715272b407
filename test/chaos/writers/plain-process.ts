/** The application that writes records by plain commands, as the documents show it; it knows nothing of Millrace. See setting.ts. */
import { plainModel, plainPrediction, plainRun, plainVersion } from '../../support/plain-writer';
import { recordWriter } from './record-writer';

const { client, journal, random, cart, named, parentsNow, run } = recordWriter(
  'plain',
  async (redis, name) => {
    const model = await plainModel(redis, { name });
    const version = await plainVersion(redis, model, { version: name });
    return { version, run: await plainRun(redis, version, { run_name: name, status: 'begun' }) };
  },
);

run(async () => {
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
    const key = cart();
    await journal.note({ keys: [[key, name]] }, () => client.hset(key, { v: name, note: 'plain' }));
  } else {
    const parents = await parentsNow().catch(() => undefined);
    if (parents === undefined) return;
    await journal.note({ keys: [[`run:${parents.name}`, name]] }, () =>
      client.hset(`aidb:run:${parents.run}`, 'status', name),
    );
  }
});
