import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface DeafProxy {
  readonly port: number;
  /** Connections that ask this from now on get no answer any more, to anything; undefined: all do again. */
  deafTo: string | undefined;
}

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Closed after the test. */
export async function deafProxy(targetPort: number): Promise<DeafProxy> {
  const sockets = new Set<Socket>();
  const proxy = { port: 0, deafTo: undefined as string | undefined };
  const server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1');
    let deaf = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk: Buffer) => {
      deaf ||= proxy.deafTo !== undefined && chunk.toString('latin1').toLowerCase().includes(proxy.deafTo);
      upstream.write(chunk);
    });
    upstream.on('data', (chunk: Buffer) => {
      if (!deaf || proxy.deafTo === undefined) client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return Object.assign(proxy, { port: (server.address() as AddressInfo).port });
}
