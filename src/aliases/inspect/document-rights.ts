import { RedisConnection } from '../../connections/redis';
import { type Granted, missingGrants } from '../../connections/missing-grants';
import { documentCommands, documentKeys } from '../../connections/redis-grants';
import type { RedisTarget } from '../../connections/redis-url';
import { inFew } from '../../foundation/in-few';
import type { DocumentMapping } from '../../mapping/documents';
import type { Finding } from '../../pipeline/finding';

/** Arguments that make a command complete; Redis looks at no more than that before it queues one. */
const argumentsOf: Readonly<Record<string, readonly string[]>> = {
  hset: ['f', 'v'],
  hdel: ['f'],
  sadd: ['m'],
  srem: ['m'],
  zadd: ['1', 'm'],
  zrem: ['m'],
  pexpire: ['1'],
};

/** Whether the user may write these documents. @throws only when the connection fails */
export async function documentRights(
  redis: RedisTarget,
  documents: readonly DocumentMapping[],
): Promise<Finding> {
  const connection = new RedisConnection(redis, 'doctor');
  try {
    await connection.connect();
    const missing = [...(await missingGrants(connection.client, documents.flatMap(neededBy)))];
    if (missing.length === 0)
      return { level: 'ok', what: 'this Redis user may do all that the documents need' };
    return {
      level: 'problem',
      what: `this Redis user lacks ${inFew(missing)}, which documents need`,
      remedy: `ACL SETUSER <user> ${missing.join(' ')}`,
    };
  } finally {
    connection.close();
  }
}

/** Each of its commands, and one that everybody has, for its key. */
const neededBy = (document: DocumentMapping): readonly Granted[] =>
  ['+set', ...documentCommands([document])].map((grant) => {
    const command = grant.slice(1);
    const values = command === 'set' ? ['v'] : (argumentsOf[command] ?? []);
    return [`${grant} ${documentKeys(document)}`, command, document.key.prefix, ...values];
  });
