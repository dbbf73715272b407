import { Client, type QueryResult } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { MillraceError, retryable } from './errors';
import { allMethods, connectBy, withoutTls } from './postgres-auth';
import { sqlState, translatePostgres } from './postgres-errors';
import { begin } from './postgres-session';
import { address, isWithoutTls } from './postgres-tls';
import type { PostgresTarget } from './postgres-url';

export { sqlState };

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

/** Longest silence of the server while we wait for it; a statement ends itself before. */
const silenceMs = 65_000;
/** The same for the first statement of a transaction, which has nothing to wait for: an idle connection may have died without a word. */
const beginSilenceMs = 10_000;
const connectTimeoutMs = 5_000;
/** Handed to the socket at once. */
const pieceBytes = 1024 * 1024;

/** What a connection of this name calls itself. */
export const applicationName = (name: string): string => `millrace-${name}`;

/** One connection, made when needed and made anew after a failure. One caller at a time: later ones wait for earlier ones. */
export class PostgresConnection {
  readonly #target: PostgresTarget;
  readonly #name: string;
  #client: Client | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(target: PostgresTarget, name: string) {
    this.#target = target;
    this.#name = name;
  }

  /** The server's address, safe to print. */
  get display(): string {
    return this.#target.display;
  }

  /** Runs `work` in a transaction. @throws pg's errors, unchanged; `translate` explains them. */
  transaction<T>(work: (transaction: Transaction) => Promise<T>, isolation?: string): Promise<T> {
    return this.#inTurn(() => this.#transaction(work, isolation));
  }

  /** One statement in a transaction of its own. @throws an explained error */
  async query(sql: string, values: readonly unknown[] = []): Promise<readonly TextRow[]> {
    try {
      return await this.transaction((transaction) => transaction.query(sql, values));
    } catch (error) {
      throw this.translate(error);
    }
  }

  /** Lends the connection itself, outside of a transaction, for the migrations. @throws pg's errors */
  lend<T>(work: (client: Client) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      const client = await this.#open();
      try {
        return await work(client);
      } catch (error) {
        this.#drop(client);
        throw error;
      }
    });
  }

  /** The same in a transaction, which fails as a whole, for what reads the catalogue. @throws pg's errors */
  read<T>(work: (client: Client) => Promise<T>): Promise<T> {
    return this.lend(async (client) => {
      await client.query(begin());
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    });
  }

  translate(error: unknown): unknown {
    return translatePostgres(error, this.#target.display);
  }

  /** Ends the connection, now. */
  close(): void {
    this.#closed = true;
    if (this.#client !== undefined) this.#drop(this.#client);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  async #transaction<T>(
    work: (transaction: Transaction) => Promise<T>,
    isolation: string | undefined,
  ): Promise<T> {
    const { client, session } = await this.#begin(isolation);
    try {
      const result = await work(session);
      const { command } = await session.run('COMMIT');
      // COMMIT of an aborted transaction succeeds, and says ROLLBACK (TRAPS: Postgres 1).
      if (command !== 'COMMIT') throw retryable('the transaction was rolled back', { code: 'E_PG' });
      return result;
    } catch (error) {
      if (!isStatementError(error)) this.#drop(client);
      else await session.run('ROLLBACK').catch(() => { this.#drop(client); }); // prettier-ignore
      throw error;
    }
  }

  async #begin(isolation: string | undefined): Promise<{ client: Client; session: Session }> {
    const kept = this.#client;
    const client = await this.#open();
    const session = new Session(client);
    try {
      await session.run(begin(isolation), [], beginSilenceMs);
      return { client, session };
    } catch (error) {
      this.#drop(client);
      // Its idle_session_timeout had ended the session before we said anything in it: no fault, and nothing was done.
      if (client === kept && sqlState(error) === '57P05') return this.#begin(isolation);
      throw error;
    }
  }

  async #open(): Promise<Client> {
    if (this.#closed) throw retryable('the connection was closed', { code: 'E_PG' });
    if (this.#client !== undefined) return this.#client;
    const { tls } = this.#target;
    try {
      return await this.#connect(tls !== undefined);
    } catch (error) {
      if (tls?.optional !== true || !isWithoutTls(error)) throw error;
      return this.#connect(false);
    }
  }

  async #connect(encrypted: boolean): Promise<Client> {
    const client = new Client({
      ...address(this.#target, encrypted),
      application_name: applicationName(this.#name),
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      types: { getTypeParser: () => (value: unknown) => value },
    });
    // A lost connection is told here as well as by the query it interrupts.
    client.on('error', () => {
      this.#drop(client);
    });
    const { auth, display } = this.#target;
    await connectBy(client, auth ?? (encrypted ? allMethods : withoutTls), display);
    this.#client = client;
    return client;
  }

  #drop(client: Client): void {
    if (this.#client === client) this.#client = undefined;
    destroy(client);
  }
}

class Session implements Transaction {
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
      // Of a session that is ended in the same moment there may be neither.
      stream.once('close', () => {
        reject(new Error('the connection was closed in the middle of COPY'));
      });
    });
    finished.catch(() => undefined); // awaited below
    for (const chunk of pieces(chunks)) {
      if (stream.write(chunk)) continue;
      const drained = new Promise<void>((resolve) => stream.once('drain', resolve));
      await this.#watched(Promise.race([drained, finished]));
    }
    stream.end();
    await this.#watched(finished);
    return stream.rowCount;
  }

  /** A server that answers nothing for long counts as gone (a black hole never settles). */
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

/** Silence is counted from piece to piece: one of 60 MB may take longer than anybody would be silent. */
function* pieces(chunks: Iterable<Buffer>): Generator<Buffer> {
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += pieceBytes) yield chunk.subarray(at, at + pieceBytes);
  }
}

/** pg offers only a polite end, which waits for what is in flight. */
function destroy(client: Client): void {
  const { connection } = client as unknown as { connection: { stream: { destroy(): void } } };
  connection.stream.destroy();
}

/** A statement failed and the connection is good. */
function isStatementError(error: unknown): boolean {
  const state = sqlState(error);
  if (state === undefined) return error instanceof MillraceError;
  return !/^(08|57P)/.test(state);
}
