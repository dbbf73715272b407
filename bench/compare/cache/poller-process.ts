import Redis from 'ioredis';
import { documentPass } from '../../aliases/document-poller';
import { serve } from '../serve';

/** The algorithm of the document for aliases: each 120 seconds everything is read and compared. A poll is one of these times. */
const [, , dbPath = '', redisUrl = ''] = process.argv;

void serve(() => {
  const client = new Redis(redisUrl);
  client.on('error', () => undefined); // told by the command it interrupts
  return Promise.resolve(() => documentPass(dbPath, client));
});
