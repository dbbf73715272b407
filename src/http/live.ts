import { PassThrough, type Readable } from 'node:stream';
import { harmlessJson } from '../foundation/harmless';
import { RefusedRequest } from './refusal';

/** How many browsers may look at once, and how many of them without the token (these are all on our own machine). */
const clientLimit = 32;
const tokenlessLimit = 16;
const everyMs = 1_000;
/** How many states in a row a client may fail to take before it is dropped; it comes back when it can. */
const patience = 20;
/** How many bytes are kept for a client that does not read, at least one state. (Node's own default differs by version.) */
const keptBytes = 16_384;

interface Client {
  readonly stream: PassThrough;
  readonly trusted: boolean;
  missed: number;
}

/** Sends the live state as server-sent events: it is read once a second for all listeners, and not at all when there is none. */
export class Live {
  readonly #look: () => object;
  readonly #clients = new Set<Client>();
  #timer: NodeJS.Timeout | undefined;
  #id = 0;

  /** @param look reads the state that a `status` event carries */
  constructor(look: () => object) {
    this.#look = look;
  }

  /**
   * Adds a listener, who gets the present state at once. @param trusted whether the listener has the token
   * @throws E_HTTP_CLIENTS (503) when too many listen
   */
  join(trusted: boolean): Readable {
    const tokenless = [...this.#clients].filter((client) => !client.trusted).length;
    if (this.#clients.size >= clientLimit || (!trusted && tokenless >= tokenlessLimit)) {
      throw new RefusedRequest(
        503,
        `${trusted ? this.#clients.size : tokenless} dashboards are open already`,
        {
          code: 'E_HTTP_CLIENTS',
          hint: trusted
            ? 'Close one; a page that is not looked at lets go by itself.'
            : 'Close one, or give the page the token: there is room left for who has it.',
        },
      );
    }
    const first = this.#event('status', this.#look());
    const client = { stream: new PassThrough({ highWaterMark: keptBytes }), trusted, missed: 0 };
    this.#clients.add(client);
    client.stream.on('close', () => {
      this.#clients.delete(client);
      if (this.#clients.size === 0) this.#stop();
    });
    client.stream.write('retry: 1000\n\n');
    client.stream.write(first);
    this.#timer ??= setInterval(() => {
      try {
        this.tell('status', this.#look());
      } catch {
        this.close(); // the clients ask again, and then get the error
      }
    }, everyMs).unref();
    return client.stream;
  }

  /** Sends an event to all who can take it. Nothing is queued for the others, for the next state tells everything. */
  tell(name: string, data: object): void {
    if (this.#clients.size === 0) return;
    const event = this.#event(name, data);
    for (const client of this.#clients) {
      if (!client.stream.writableNeedDrain) {
        client.missed = 0;
        client.stream.write(event);
      } else if (++client.missed > patience) client.stream.destroy();
    }
  }

  close(): void {
    this.#stop();
    for (const { stream } of this.#clients) stream.destroy();
  }

  #event(name: string, data: object): string {
    return `id: ${++this.#id}\nevent: ${name}\ndata: ${harmlessJson(data)}\n\n`;
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
