import { connect, createServer } from 'node:net';

export const LOOPBACK = '127.0.0.1';

const ANSWER_TIMEOUT_MS = 1000;

/**
 * Sends commands without arguments that need quoting and returns the raw replies, '' when nobody listens. QUIT makes the
 * server close the connection, which marks the end. A client library would bring reconnects and a protocol handshake that
 * say nothing while a server is starting.
 */
export function askRedis(port: number, ...commands: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: LOOPBACK, port });
    let replies = '';
    socket.setEncoding('utf8');
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy());
    socket.on('connect', () => socket.write([...commands, 'QUIT', ''].join('\r\n')));
    socket.on('data', (text: string) => {
      replies += text;
    });
    // A refused connection is an answer too: 'close' follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve(replies);
    });
  });
}

/** A port nobody listens on at this moment; another program may take it before it is used. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, LOOPBACK, () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port in the address'));
        else resolve(address.port);
      });
    });
  });
}
