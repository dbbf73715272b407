import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What becomes of each connection to a store. */
export interface Fate {
  /** Pieces of the server's answers that still arrive. */
  readonly answers: number;
  /** What happens instead of the next one. */
  readonly then: 'silence' | 'an end';
}

/** A store that answers so far and no further. */
export interface HalfWay {
  readonly port: number;
  /** Connections that somebody has open. */
  readonly open: () => number;
  readonly close: () => Promise<void>;
}

/** @param port of the real server, to which each connection is handed on */
export async function halfWay(port: number, { answers, then }: Fate): Promise<HalfWay> {
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    let left = answers;
    const upstream = connect(port, '127.0.0.1');
    clients.add(client);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => undefined);
      one.on('close', () => other.destroy());
    }
    client.on('close', () => clients.delete(client));
    client.on('data', (chunk: Buffer) => upstream.write(chunk));
    upstream.on('data', (chunk: Buffer) => {
      if (left-- > 0) client.write(chunk);
      else if (then === 'an end') client.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    open: () => clients.size,
    close: async () => {
      for (const client of clients) client.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
