import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

/** A TCP proxy that can cut all its connections after so many more bytes of replies: in the middle of one. */
export interface CutProxy {
  readonly port: number;
  cutAfter(bytes: number): void;
  readonly cuts: () => number;
}

/** Closed after the test. */
export async function cutProxy(targetPort: number): Promise<CutProxy> {
  const open = new Set<Socket>();
  let left = Infinity;
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1');
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => {
      if (chunk.length < left) {
        left -= chunk.length;
        client.write(chunk);
        return;
      }
      client.write(chunk.subarray(0, left), () => {
        for (const socket of open) socket.destroy();
      });
      left = Infinity;
      cuts++;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    port: (server.address() as AddressInfo).port,
    cutAfter: (bytes) => {
      left = bytes;
    },
    cuts: () => cuts,
  };
}

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});
