import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What becomes of a message that was held: it goes on, or its connection ends without it. */
export type Verdict = 'pass' | 'drop';

/** Where a message is held, once. `text`: what it contains; without it the first of a new connection. */
export interface Trap {
  readonly text?: string;
  /** The message on its way to the server, or the first answer after it was delivered. */
  readonly at: 'request' | 'reply';
  readonly held: () => Verdict | Promise<Verdict>;
}

interface Connection {
  readonly client: Socket;
  readonly server: Socket;
  fresh: boolean;
  awaited: Trap | undefined;
}

/**
 * What Millrace reaches a server through: it sees each message go by, and can do to it what networks do. Each direction of a connection is
 * one loop that waits for what becomes of a message before it reads the next: what is held back is held back in order.
 */
export class Wire {
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #traps: Trap[] = [];
  #left = Infinity;
  #refuses = false;
  #latencyMs: (() => number) | undefined;
  #dribbles = false;
  #opened: Promise<void> = Promise.resolve();
  #open: () => void = () => undefined;
  #cuts = 0;

  private constructor(server: Server, targetPort: number) {
    this.#server = server;
    server.on('connection', (client) => {
      this.#join(client, targetPort);
    });
  }

  static async to(targetPort: number): Promise<Wire> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Wire(server, targetPort);
  }

  /** The same server's URL, by way of this. */
  through(url: string): string {
    const changed = new URL(url);
    changed.port = String((this.#server.address() as AddressInfo).port);
    return changed.href;
  }

  /** Connections that were cut here, or whose message was dropped. */
  get cuts(): number {
    return this.#cuts;
  }

  /** @returns what takes the trap away, if nothing has run into it */
  hold(trap: Trap): () => void {
    this.#traps.push(trap);
    return () => {
      this.#traps = this.#traps.filter((other) => other !== trap);
    };
  }

  /** All connections end after so many more bytes from the server: in the middle of an answer. */
  cutAfter(bytes: number): void {
    this.#left = bytes;
  }

  cut(): void {
    this.#cuts++;
    this.#left = Infinity;
    for (const one of this.#connections) end(one);
  }

  /** Nothing passes, on old and on new connections, and nobody is told; until `heal`. */
  goBlack(): void {
    this.#opened = new Promise((resolve) => (this.#open = resolve));
  }

  /** No connection is kept or made, until `heal`. */
  refuse(): void {
    this.#refuses = true;
    this.cut();
  }

  /** Each message is late by so much, until `heal`. */
  slow(latencyMs: () => number): void {
    this.#latencyMs = latencyMs;
  }

  /** Answers come a few bytes at a time, until `heal`. */
  dribble(): void {
    this.#dribbles = true;
  }

  heal(): void {
    this.#refuses = this.#dribbles = false;
    this.#latencyMs = undefined;
    this.#left = Infinity;
    this.#open();
  }

  async close(): Promise<void> {
    this.heal();
    for (const one of this.#connections) end(one);
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket, port: number): void {
    client.on('error', () => undefined);
    if (this.#refuses) return void client.destroy();
    const server = connect({ port, host: '127.0.0.1', noDelay: true });
    server.on('error', () => undefined);
    const connection: Connection = { client, server, fresh: true, awaited: undefined };
    this.#connections.add(connection);
    server.on('close', () => {
      this.#connections.delete(connection);
      client.destroy();
    });
    void this.#carry(connection, 'request');
    void this.#carry(connection, 'reply');
  }

  async #carry(connection: Connection, side: Trap['at']): Promise<void> {
    const { client, server } = connection;
    const [from, to] = side === 'request' ? [client, server] : [server, client];
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        await this.#opened;
        if (this.#latencyMs !== undefined) await delay(this.#latencyMs());
        const trap = side === 'request' ? this.#caught(connection, chunk) : take(connection);
        if (trap !== undefined && (await trap.held()) === 'drop') {
          this.#cuts++;
          end(connection);
          return;
        }
        if (side === 'reply' && chunk.length >= this.#left) {
          to.write(chunk.subarray(0, this.#left), () => { this.cut(); }); // prettier-ignore
          return;
        }
        if (side === 'reply') this.#left -= chunk.length;
        await this.#write(to, chunk, side);
      }
    } catch {
      // It was reset, here or there.
    } finally {
      to.end(); // what was sent before arrives
    }
  }

  /** The trap that a request runs into; one for its answer is left for that. */
  #caught(connection: Connection, chunk: Buffer): Trap | undefined {
    const { fresh } = connection;
    connection.fresh = false;
    const trap = this.#traps.find(({ text }) => (text === undefined ? fresh : chunk.includes(text)));
    if (trap === undefined) return undefined;
    this.#traps = this.#traps.filter((other) => other !== trap);
    if (trap.at === 'request') return trap;
    connection.awaited = trap;
    return undefined;
  }

  async #write(to: Socket, chunk: Buffer, side: Trap['at']): Promise<void> {
    let at = 0;
    for (; side === 'reply' && at < chunk.length && this.#isDribbling(); at += 7) {
      to.write(chunk.subarray(at, at + 7));
      await delay(1);
    }
    if (at < chunk.length) to.write(chunk.subarray(at));
  }

  #isDribbling(): boolean {
    return this.#dribbles;
  }
}

function take(connection: Connection): Trap | undefined {
  const { awaited } = connection;
  connection.awaited = undefined;
  return awaited;
}

function end({ client, server }: Connection): void {
  client.destroy();
  server.destroy();
}
