/** Writes predictions with ModelStore and watches them arrive in Postgres, in one process. */
import { firstValueFrom, filter } from 'rxjs';
import { Millrace, ModelStore } from 'millrace';

async function main(): Promise<void> {
  await using millrace = Millrace.fromEnvironment({ only: 'archive' });
  await millrace.start();

  millrace.events$.subscribe((event) => {
    if (event.type === 'applied')
      console.log(
        `in Postgres: ${event.added} new records${event.ms === null ? '' : `, ${event.ms} ms after the write`}`,
      );
    if (event.type === 'failed') console.log(`waiting: ${event.error.message}`);
  });
  const arrived = firstValueFrom(millrace.events$.pipe(filter(({ type }) => type === 'applied')));

  // Any process may do this; the archive need not run in the same one.
  const store = new ModelStore(millrace.addresses?.redisUrl ?? '');
  const modelId = await store.createModel({ name: `live-${Date.now()}`, framework: 'pytorch' });
  const modelVersionId = await store.createModelVersion({ modelId, version: '1.0.0' });
  await store.logPredictions([
    { modelVersionId, input: { image: 'cat.png' }, output: { label: 'cat' }, confidence: 0.93 },
    { modelVersionId, input: { image: 'dog.png' }, output: { label: 'dog' }, confidence: 0.88 },
  ]);
  store.close();

  await arrived;
  const { errors } = await millrace.fullSync(); // everything that is in Redis is in Postgres now
  console.log(`parked records: ${errors}`);
  for (const { key, message } of (await millrace.deadLetters.list()).letters)
    console.log(`  ${key}: ${message}`);
}

void main();
