import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** The most connections: more than all browsers and probes need, and far fewer than a process may have files open. */
const limit = 200;

/** How long a client may take, in ms: a request is a few hundred bytes, and its answer is read at once. */
export const patience = {
  connectionTimeout: 60_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 10_000,
  http: { headersTimeout: 5_000, connectionsCheckingInterval: 1_000 },
} as const;

/** Takes a connection out of the count, because it becomes an event stream. */
export type Exempt = (socket: Socket) => void;

/**
 * Bounds the number of connections. New ones are not refused, for then a client that holds many open would lock everybody out: instead
 * the connection is closed that has been quiet the longest. Event streams have a limit of their own.
 */
export function limitConnections(server: Server): Exempt {
  const quiet = new Set<Socket>(); // the one that has been quiet the longest comes first
  server.on('connection', (socket: Socket) => {
    quiet.add(socket);
    socket.once('close', () => quiet.delete(socket));
    const [oldest] = quiet;
    if (quiet.size > limit) oldest?.destroy();
  });
  server.on('request', ({ socket }: { readonly socket: Socket }) => {
    if (quiet.delete(socket)) quiet.add(socket);
  });
  return (socket) => void quiet.delete(socket);
}
