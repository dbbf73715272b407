import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

/** A TCP proxy that breaks its connections in the ways networks and servers do. */
export interface FaultProxy {
  readonly port: number;
  /** Cuts all connections so many bytes after the next message to the server with this text: in the middle of what follows it. */
  readonly cutAfterSent: (text: string, bytes: number) => void;
  /** Cuts all connections after so many more bytes from the server: in the middle of a reply. */
  readonly cutAfterReceived: (bytes: number) => void;
  /** Delivers the next message with this text, but not the answer: all connections are cut instead. */
  readonly swallowReplyTo: (text: string) => void;
  /** The connections of now fall silent for ever, without a word to either side; new ones are made and work. */
  readonly forget: () => void;
  /** Nothing passes from now on, on old and new connections, until `open`; nothing is lost. */
  readonly block: () => void;
  readonly open: () => void;
  /** No connection is made or kept, until `open`: nothing listens. */
  readonly refuse: () => void;
  /** Connections cut so far, as one for each occasion. */
  readonly cuts: () => number;
}

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Closed after the test. */
export async function faultProxy(targetPort: number): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  const left = { sent: Infinity, received: Infinity };
  let awaited: { readonly text: string; readonly bytes: number } | undefined;
  let swallowed: string | undefined;
  let swallowing = false;
  let blocked = false;
  let refused = false;
  let cuts = 0;
  const cut = () => {
    cuts++;
    swallowing = false;
    Object.assign(left, { sent: Infinity, received: Infinity });
    for (const socket of sockets) socket.destroy();
  };
  const pass = (direction: 'sent' | 'received', chunk: Buffer, to: Socket) => {
    if (chunk.length < left[direction]) {
      left[direction] -= chunk.length;
      to.write(chunk);
    } else to.write(chunk.subarray(0, left[direction]), cut);
  };
  const server = createServer((client) => {
    if (refused) return void client.on('error', () => undefined).destroy();
    const upstream = connect(targetPort, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      if (blocked) socket.pause();
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk: Buffer) => {
      if (swallowed !== undefined && chunk.includes(swallowed)) {
        swallowed = undefined;
        swallowing = true;
      }
      if (awaited !== undefined && chunk.includes(awaited.text)) {
        left.sent = chunk.indexOf(awaited.text) + awaited.text.length + awaited.bytes;
        awaited = undefined;
      }
      pass('sent', chunk, upstream);
    });
    upstream.on('data', (chunk: Buffer) => {
      if (swallowing) cut();
      else pass('received', chunk, client);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    port: (server.address() as AddressInfo).port,
    cutAfterSent: (text, bytes) => (awaited = { text, bytes }),
    cutAfterReceived: (bytes) => (left.received = bytes),
    swallowReplyTo: (text) => (swallowed = text),
    forget: () => {
      for (const socket of sockets) socket.pause().removeAllListeners('data');
    },
    block: () => {
      blocked = true;
      for (const socket of sockets) socket.pause();
    },
    refuse: () => {
      refused = true;
      for (const socket of sockets) socket.destroy();
    },
    open: () => {
      blocked = refused = false;
      for (const socket of sockets) socket.resume();
    },
    cuts: () => cuts,
  };
}

/** The same server through a proxy. */
export function through(proxy: FaultProxy, url: string): string {
  const changed = new URL(url);
  changed.port = String(proxy.port);
  return changed.href;
}
