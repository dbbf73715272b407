import { PassThrough, type Readable } from 'node:stream';
import { harmlessJson } from '../foundation/harmless';
import { RefusedRequest } from './refusal';

/** Browsers that look at once, and how many of them may do so without the token: these come from our own machine, all of them. */
const clientLimit = 32;
const tokenlessLimit = 16;
const everyMs = 1_000;
/** Looks in a row that a client did not take before it is dropped: it comes back when it can. */
const patience = 20;
/** Kept for a client that does not read, in bytes, and never less than one state: what Node keeps unless told otherwise differs by version. */
const keptBytes = 16_384;

interface Client {
  readonly stream: PassThrough;
  readonly trusted: boolean;
  missed: number;
}

/** The live state as server-sent events: looked at once a second for all who listen, not at all when nobody does. */
export class Live {
  readonly #look: () => object;
  readonly #clients = new Set<Client>();
  #timer: NodeJS.Timeout | undefined;
  #id = 0;

  /** @param look what a `status` event says */
  constructor(look: () => object) {
    this.#look = look;
  }

  /**
   * A new listener, with the state as it is. @param trusted it has the token
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
        this.close(); // they ask again, and are told why not
      }
    }, everyMs).unref();
    return client.stream;
  }

  /** Tells everybody who can take it; nothing is queued for those who cannot, for the next state says all. */
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
