import type { Socket } from 'node:net';
import type { Client, QueryResult } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

/** A row as text: numbers, times and ids past 2^53 survive. */
export type TextRow = Readonly<Record<string, string | null>>;

/** What can be done inside a transaction. Errors are pg's own: sqlState() reads them. */
export interface Transaction {
  query(sql: string, values?: readonly unknown[]): Promise<readonly TextRow[]>;
  /** The number of rows a statement changed. */
  execute(sql: string, values?: readonly unknown[]): Promise<number>;
  /** @param command COPY … FROM STDIN @returns how many rows Postgres took */
  copy(command: string, chunks: Iterable<Buffer>): Promise<number>;
}

/** How long the server may be silent while we wait for an answer; a statement_timeout ends a statement before. */
export const silenceMs = 65_000;
/** The same for the first statement of a transaction, which waits for nothing: an idle connection may have died unnoticed. */
export const beginSilenceMs = 10_000;
/** The most bytes that are handed to the socket at once. */
const pieceBytes = 1024 * 1024;

/** A connection inside of a transaction, or before one. */
export class Session implements Transaction {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  async query(sql: string, values: readonly unknown[] = []): Promise<readonly TextRow[]> {
    return (await this.run(sql, values)).rows as TextRow[];
  }

  async execute(sql: string, values: readonly unknown[] = []): Promise<number> {
    return (await this.run(sql, values)).rowCount ?? 0;
  }

  run(sql: string, values: readonly unknown[] = [], silence = silenceMs): Promise<QueryResult> {
    const result = values.length === 0 ? this.#client.query(sql) : this.#client.query(sql, [...values]);
    // Several statements in one string have several results: the last one counts.
    const last = result.then((one) => (Array.isArray(one) ? (one.at(-1) as QueryResult) : one));
    return this.#watched(last, silence);
  }

  async copy(command: string, chunks: Iterable<Buffer>): Promise<number> {
    const stream = this.#client.query(copyFrom(command));
    const finished = new Promise<void>((resolve, reject) => {
      stream.once('finish', resolve);
      stream.once('error', reject);
      // When the session is ended in the same moment, neither `finish` nor `error` may come.
      stream.once('close', () => {
        reject(new Error('the connection was closed in the middle of COPY'));
      });
    });
    finished.catch(() => undefined); // thrown where it is awaited, below
    for (const chunk of pieces(chunks)) {
      if (stream.write(chunk)) continue;
      const drained = new Promise<void>((resolve) => stream.once('drain', resolve));
      await this.#watched(Promise.race([drained, finished]));
    }
    stream.end();
    await this.#watched(finished);
    return stream.rowCount;
  }

  /** Gives a server up that is silent for too long: a connection into a black hole would never settle. */
  async #watched<T>(answer: Promise<T>, silence = silenceMs): Promise<T> {
    const timer = setTimeout(() => {
      destroy(this.#client);
    }, silence);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Cuts large chunks: silence is measured from piece to piece, and a piece of 60 MB might take longer than that. */
function* pieces(chunks: Iterable<Buffer>): Generator<Buffer> {
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += pieceBytes) yield chunk.subarray(at, at + pieceBytes);
  }
}

/** Ends a connection at once: pg's own `end` waits for what is in flight. */
export function destroy(client: Client): void {
  socketOf(client).destroy();
}

/** How many bytes the server has sent so far: if they do not grow, it is silent. */
export const bytesHeard = (client: Client): number => socketOf(client).bytesRead;

const socketOf = (client: Client): Socket =>
  (client as unknown as { connection: { stream: Socket } }).connection.stream;
