import type { ChainableCommander } from 'ioredis';

/** What one key may answer, and another not: our user may not ask, the server has no such command, the key is of another type by now. */
const notOfThisKey = /^(?:NOPERM|WRONGTYPE|ERR unknown)/;

/** The replies of a pipeline, in order; undefined: see notOfThisKey. @throws the first other error among them, which exec() does not */
export async function answers<T>(pipeline: ChainableCommander): Promise<readonly (T | undefined)[]> {
  const replies = (await pipeline.exec()) ?? [];
  return replies.map(([error, reply]) => {
    if (error === null) return reply as T;
    if (notOfThisKey.test(error.message)) return undefined;
    throw error;
  });
}

export function* pages<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}
