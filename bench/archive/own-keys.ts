import type { Redis } from 'ioredis';

const ours = 'millrace:*';
const kept = 'bench:kept:';

async function forget(client: Redis): Promise<void> {
  const keys = await client.keys(ours);
  if (keys.length > 0) await client.unlink(...keys);
}

/** Takes down what Redis holds of Millrace's own. @returns puts it back as it was: whatever daemons have left since goes, the records stay */
export async function keepOwnKeys(client: Redis): Promise<() => Promise<void>> {
  const keys = await client.keys(ours);
  for (const key of keys) await client.copy(key, kept + key, 'REPLACE');
  return async () => {
    await forget(client);
    for (const key of keys) await client.copy(kept + key, key);
  };
}
