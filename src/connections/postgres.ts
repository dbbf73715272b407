import { Client } from 'pg';
import { MillraceError, retryable } from '../foundation/errors';
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

/** What a connection of this name calls itself. */
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
    // The server says nothing for hours while it builds an index: so another session asks whether it is at work.
    return this.#lend('SELECT', work, () => this.#isAtWork());
  }

  /** The same in a transaction, which fails as a whole, for what reads the catalogue. @throws pg's errors */
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

  /** Ends the connection, now, also one that is only being made. Whoever waits is told, and no other is made. */
  close(): void {
    this.#closed = true;
    for (const client of [this.#client, this.#connecting]) if (client !== undefined) this.#drop(client);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  /** @param isPatient whether to wait on, after a long silence */
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
        // A migration of many short statements, each of them answered, is not silent, also when none is at work in the moment
        // of the look.
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
      // Our session is looked for by its name: behind PgBouncer nobody knows by which one we are served.
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
      // COMMIT of an aborted transaction succeeds, and only its answer says ROLLBACK.
      if (command !== 'COMMIT') throw retryable('the transaction was rolled back', { code: 'E_PG' });
      return result;
    } catch (error) {
      if (!isStatementError(error)) this.#drop(client);
      else await session.run('ROLLBACK').catch(() => { this.#drop(client); }); // prettier-ignore
      throw error;
    }
  }

  /** @param first what is said first */
  async #begin(first: string): Promise<{ client: Client; session: Session }> {
    const kept = this.#client;
    const client = await this.#open();
    const session = new Session(client);
    try {
      await session.run(first, [], beginSilenceMs);
      return { client, session };
    } catch (error) {
      this.#drop(client);
      // Its idle_session_timeout had ended the session before we said anything in it: no fault, and nothing was done.
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
    // A lost connection is told here as well as by the query it interrupts.
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

/** A statement failed and the connection is good. */
function isStatementError(error: unknown): boolean {
  const state = sqlState(error);
  if (state === undefined) return error instanceof MillraceError;
  return !/^(08|57P)/.test(state);
}
