import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { plainFields } from './writes';

/** Records in one round trip: deep enough that neither side waits long for the other. */
const depth = 1_000;
const counter = 'aidb:counter:prediction';

/** An argument as it travels. All of it is ASCII: as many bytes as characters. */
const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
const command = (...words: readonly string[]): string => `*${words.length}\r\n${words.map(bulk).join('')}`;
const incr = command('INCR', counter);

/**
 * The plain writer at its cheapest, so that it is not what limits those that follow it: INCR, HSET of eight fields and ZADD
 * for each record as everybody else writes them, but put together from parts that are rendered once.
 */
export class PlainWriter {
  readonly #socket: Socket;
  readonly #opened: Promise<unknown>;
  /** What is the same for a record of every round: the fields between its id and its time. */
  readonly #bodies: readonly string[];
  readonly #versionId: number;
  #failure: Error | undefined;

  constructor(redisUrl: string, versionId: number) {
    const { hostname, port } = new URL(redisUrl);
    this.#versionId = versionId;
    this.#bodies = Array.from({ length: depth }, () => bodyOf(versionId));
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true }).setEncoding('latin1');
    this.#opened = once(this.#socket, 'connect');
    this.#opened.catch(() => undefined); // thrown when it is awaited
    this.#socket.on('error', (error) => (this.#failure = error));
  }

  /** @throws what Redis refuses */
  async write(count: number): Promise<void> {
    await this.#opened;
    if (count === 0) return;
    // The next INCRs go along with the HSETs and ZADDs: one round trip for a thousand records.
    let ids = await this.#ask(incr.repeat(Math.min(count, depth)), Math.min(count, depth));
    for (let left = count - ids.length; ids.length > 0; left -= ids.length) {
      const next = Math.min(left, depth);
      const records = this.#records(ids);
      const replies = await this.#ask(records + incr.repeat(next), 2 * ids.length + next);
      ids = replies.slice(2 * ids.length);
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #records(ids: readonly string[]): string {
    const now = Date.now();
    // Naive UTC with microseconds, as Python's isoformat.
    const time = bulk(`${new Date(now).toISOString().slice(0, -1)}001`);
    const indexed = `*4\r\n${bulk('ZADD')}${bulk(`aidb:idx:predictions:${this.#versionId}`)}${bulk(String(-now / 1_000))}`;
    let text = '';
    ids.forEach((id, at) => {
      text += `*18\r\n$4\r\nHSET\r\n${bulk(`aidb:prediction:${id}`)}$2\r\nid\r\n${bulk(id)}${this.#bodies[at] ?? ''}${time}${indexed}${bulk(id)}`;
    });
    return text;
  }

  /** @returns the replies, integers all of them, as text */
  async #ask(commands: string, wanted: number): Promise<readonly string[]> {
    if (this.#socket.destroyed) throw this.#failure ?? new Error('Redis closed the connection');
    let received = '';
    let lines = 0;
    this.#socket.write(commands, 'latin1');
    await new Promise<void>((resolve, reject) => {
      const ended = () => {
        reject(this.#failure ?? new Error('Redis closed the connection'));
      };
      this.#socket.on('data', (chunk: string) => {
        received += chunk;
        for (let at = chunk.indexOf('\n'); at >= 0; at = chunk.indexOf('\n', at + 1)) lines++;
        if (lines === wanted) resolve();
      });
      this.#socket.once('close', ended);
    }).finally(() => {
      this.#socket.removeAllListeners('data').removeAllListeners('close');
    });
    if (received.includes('-')) throw new Error(/-.*/.exec(received)?.[0]);
    return received.slice(1, -2).split('\r\n:');
  }
}

/** The fields after the id, with their values, and the name of the last, `timestamp`. */
function bodyOf(versionId: number): string {
  const fields = plainFields(0, versionId);
  const of = (name: string) => [name, fields[fields.indexOf(name) + 1] ?? ''];
  const names = ['model_version_id', 'input', 'output', 'confidence', 'inference_time_ms', 'metadata'];
  return [...names.flatMap(of), 'timestamp'].map(bulk).join('');
}
