import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '../scene/scene';
import type { Random } from '../random';

/** Does it again until it succeeds: what undoes a fault has to, whatever else is going on. */
export async function surely<T>(work: () => Promise<T>): Promise<T> {
  let result: { readonly value: T } | undefined;
  let last: unknown;
  const attempt = () => work().then((value) => { result = { value }; }, (error: unknown) => { last = error; }); // prettier-ignore
  await waitFor(async () => {
    await attempt();
    return result !== undefined;
  }, 30_000);
  if (result === undefined) throw last;
  return result.value;
}

/** How long a message is waited for: in a storm others may keep it away. */
export const comesByMs = ({ inStorm }: { readonly inStorm: boolean }): number => (inStorm ? 3_000 : 15_000);

export const pause = (random: Random, least: number, most: number): Promise<unknown> =>
  delay(random.between(least, most));

export async function times(count: number, work: (n: number) => Promise<unknown>): Promise<void> {
  for (let n = 1; n <= count; n++) await work(n);
}
