/** The document's Python API in TypeScript: one pass and its statistics, then continuously until Ctrl+C. */
import { Millrace } from 'millrace';

async function main(): Promise<void> {
  // REDIS_URL and POSTGRES_URL from the environment or .env, as for the command line;
  // new Millrace({ redisUrl, postgresUrl }) reads nothing but its options.
  const sync = Millrace.fromEnvironment({ only: 'archive' });

  // One-shot sync
  const stats = await sync.fullSync();
  console.log(`Synced: ${stats.models} models, ${stats.datasets} datasets`);
  console.log(stats); // models, versions, datasets, runs, hyperparams, metrics, experiments, predictions, errors

  // Continuous sync: every change at once, and a full pass each five minutes
  const stop = new AbortController();
  process.once('SIGINT', () => {
    stop.abort();
  });
  console.log('Running until Ctrl+C');
  await sync.runContinuous({ intervalSeconds: 300, signal: stop.signal });
}

void main();
