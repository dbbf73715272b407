import { Client } from 'pg';
import { MillraceError, retryable } from '../../foundation/errors';
import { allMethods, connectBy, withoutTls } from './postgres-auth';
import { sqlState, translatePostgres } from './postgres-errors';
import { begin } from './postgres-session';
import { address, isWithoutTls } from './postgres-tls';
import {
  beginSilenceMs,
  bytesHeard,
  destroy,
  Session,
  silenceMs,
  type TextRow,
  type Transaction,
} from './postgres-transaction';
import type { PostgresTarget } from './postgres-url';

export { sqlState };
export type { TextRow, Transaction };

const connectTimeoutMs = 5_000;

/** The application_name of a connection. */
export const applicationName = (name: string): string => `millrace-${name}`;

/** One connection, made when needed and made anew after a failure. One caller at a time: later ones wait for earlier ones. */
export class PostgresConnection {
  readonly #target: PostgresTarget;
  readonly #name: string;
  #client: Client | undefined;
  /** On its way: nobody uses it yet, and it has to be ended all the same. */
  #connecting: Client | undefined;
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
    // While it builds an index the server may be silent for hours: another session asks whether it is at work.
    return this.#lend('SELECT', work, () => this.#isAtWork());
  }

  /** Lends the connection inside a transaction, for reading Postgres' catalogue. @throws pg's errors */
  read<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const inTransaction = async (client: Client) => {
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    };
    return this.#lend(begin(), inTransaction, () => Promise.resolve(false));
  }

  translate(error: unknown): unknown {
    return translatePostgres(error, this.#target.display);
  }

  /** Ends the connection at once, even while it is being made. Callers who wait get an error, and no other connection is made. */
  close(): void {
    this.#closed = true;
    for (const client of [this.#client, this.#connecting]) if (client !== undefined) this.#drop(client);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  /** @param isPatient asked after a long silence: whether to go on waiting */
  #lend<T>(
    first: string,
    work: (client: Client) => Promise<T>,
    isPatient: () => Promise<boolean>,
  ): Promise<T> {
    return this.#inTurn(async () => {
      const { client } = await this.#begin(first);
      let heard = bytesHeard(client);
      let over = false;
      const watch = setInterval(() => {
        const before = heard;
        heard = bytesHeard(client);
        // A server that has answered something since the last look is not silent: between two short statements it may be idle.
        if (heard === before) void isPatient().then((patient) => patient || over || destroy(client));
      }, silenceMs);
      try {
        return await work(client);
      } catch (error) {
        this.#drop(client);
        throw error;
      } finally {
        over = true;
        clearInterval(watch);
      }
    });
  }

  /** Whether the server is at work for a connection of our name, asked over another one. */
  async #isAtWork(): Promise<boolean> {
    const other = new PostgresConnection(this.#target, `${this.#name}-asking`);
    try {
      // Our session is looked up by its name: behind PgBouncer nobody knows which session serves us.
      const sql = `SELECT FROM pg_stat_activity WHERE application_name = $1 AND usename = current_user AND state = 'active'`;
      return (await other.query(sql, [applicationName(this.#name)])).length > 0;
    } catch {
      return false;
    } finally {
      other.close();
    }
  }

  async #transaction<T>(
    work: (transaction: Transaction) => Promise<T>,
    isolation: string | undefined,
  ): Promise<T> {
    const { client, session } = await this.#begin(begin(isolation));
    try {
      const result = await work(session);
      const { command } = await session.run('COMMIT');
      // COMMIT of an aborted transaction does not fail: it only answers ROLLBACK.
      if (command !== 'COMMIT') throw retryable('the transaction was rolled back', { code: 'E_PG' });
      return result;
    } catch (error) {
      if (!isStatementError(error)) this.#drop(client);
      else await session.run('ROLLBACK').catch(() => { this.#drop(client); }); // prettier-ignore
      throw error;
    }
  }

  /** @param first the first statement */
  async #begin(first: string): Promise<{ client: Client; session: Session }> {
    const kept = this.#client;
    const client = await this.#open();
    const session = new Session(client);
    try {
      await session.run(first, [], beginSilenceMs);
      return { client, session };
    } catch (error) {
      this.#drop(client);
      // The server's idle_session_timeout has ended the idle session: no fault, and nothing was done in it.
      if (client === kept && sqlState(error) === '57P05') return this.#begin(first);
      throw error;
    }
  }

  async #open(): Promise<Client> {
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
    this.#requireOpen();
    const client = new Client({
      ...address(this.#target, encrypted),
      application_name: applicationName(this.#name),
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      types: { getTypeParser: () => (value: unknown) => value },
    });
    // A lost connection is reported here, and also by the query that it interrupts.
    client.on('error', () => {
      this.#drop(client);
    });
    const { auth, display } = this.#target;
    this.#connecting = client;
    try {
      await connectBy(client, auth ?? (encrypted ? allMethods : withoutTls), display);
      this.#requireOpen();
    } catch (error) {
      destroy(client);
      throw error;
    } finally {
      this.#connecting = undefined;
    }
    this.#client = client;
    return client;
  }

  #requireOpen(): void {
    if (this.#closed) throw retryable('the connection was closed', { code: 'E_PG' });
  }

  #drop(client: Client): void {
    if (this.#client === client) this.#client = undefined;
    destroy(client);
  }
}

/** Whether only a statement failed, and the connection is still good. */
function isStatementError(error: unknown): boolean {
  const state = sqlState(error);
  if (state === undefined) return error instanceof MillraceError;
  return !/^(08|57P)/.test(state);
}
