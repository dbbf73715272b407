import { Client, type QueryResult } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { describeError, fatal, MillraceError, retryable } from './errors';
import { localFault } from './local-fault';
import { allMethods, connectBy, withoutTls } from './postgres-auth';
import { address, explainTls, isWithoutTls } from './postgres-tls';
import type { PostgresTarget } from './postgres-url';

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

/**
 * No session state: behind PgBouncer the next transaction may run in another session. A server with synchronous_commit off
 * is overruled, for the only other copy of what we commit is in memory. A deferred constraint would fail at the COMMIT, where
 * nobody can tell which record it was.
 */
const begin = `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL TimeZone = 'UTC'; SET LOCAL synchronous_commit = on; SET LOCAL statement_timeout = '60s';
SET LOCAL lock_timeout = '10s'; SET LOCAL idle_in_transaction_session_timeout = '30s'; SET LOCAL DateStyle = 'ISO'; SET CONSTRAINTS ALL IMMEDIATE`;

/** Longest silence of the server while we wait for it; a statement ends itself before. */
const silenceMs = 65_000;
/** The same for the first statement of a transaction, which has nothing to wait for: an idle connection may have died without a word. */
const beginSilenceMs = 10_000;
const connectTimeoutMs = 5_000;

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
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#inTurn(() => this.#transaction(work));
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

  async #transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const client = await this.#open();
    const session = new Session(client);
    try {
      await session.run(begin, [], beginSilenceMs);
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
    });
    finished.catch(() => undefined); // awaited below
    for (const chunk of chunks) {
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

/** pg offers only a polite end, which waits for what is in flight. */
function destroy(client: Client): void {
  const { connection } = client as unknown as { connection: { stream: { destroy(): void } } };
  connection.stream.destroy();
}

/** The error's SQLSTATE, if Postgres sent one. */
export function sqlState(error: unknown): string | undefined {
  const { code } = describeError(error);
  return /^[0-9A-Z]{5}$/.test(code) && 'severity' in (error as object) ? code : undefined;
}

/** A statement failed and the connection is good. */
function isStatementError(error: unknown): boolean {
  const state = sqlState(error);
  if (state === undefined) return error instanceof MillraceError;
  return !/^(08|57P)/.test(state);
}

interface Remedy {
  readonly state: RegExp;
  readonly kind: 'retryable' | 'fatal';
  readonly code: string;
  readonly hint: string;
}

const remedies: readonly Remedy[] = [
  { state: /^28/, kind: 'fatal', code: 'E_PG_AUTH', hint: 'Correct user and password in POSTGRES_URL, or allow them in pg_hba.conf.' }, // prettier-ignore
  { state: /^3D000/, kind: 'fatal', code: 'E_PG_DATABASE', hint: 'Create the database (CREATE DATABASE …), or correct the end of POSTGRES_URL.' }, // prettier-ignore
  { state: /^42501/, kind: 'fatal', code: 'E_PG_GRANT', hint: '`millrace doctor` lists the grants that are missing.' }, // prettier-ignore
  { state: /^(42|3F|0A)/, kind: 'fatal', code: 'E_PG_SCHEMA', hint: 'Run `millrace migrate`; it says what does not fit, and the statement that mends it.' }, // prettier-ignore
  { state: /^25006/, kind: 'retryable', code: 'E_PG_READ_ONLY', hint: 'Let POSTGRES_URL name the primary, with a role that may write.' }, // prettier-ignore
  { state: /^53100/, kind: 'retryable', code: 'E_PG_DISK', hint: 'Free space on the disk of Postgres; Millrace goes on by itself.' }, // prettier-ignore
  { state: /^53300/, kind: 'retryable', code: 'E_PG_CONNECTIONS', hint: 'Raise max_connections, or close other clients.' }, // prettier-ignore
  { state: /^(40|55P03|57014)/, kind: 'retryable', code: 'E_PG_BUSY', hint: 'Another session holds a lock; Millrace tries again.' }, // prettier-ignore
];

/** Explains what went wrong and what to do. Messages of Postgres never hold the password; those of data may hold contents, and are cut. */
export function translatePostgres(error: unknown, where: string): unknown {
  if (error instanceof MillraceError) return error;
  const state = sqlState(error);
  const { message, code } = describeError(error);
  const insecure = explainTls(error, state, where);
  if (insecure !== undefined) return insecure;
  const local = state === undefined ? localFault(error, `Postgres at ${where}`) : undefined;
  if (local !== undefined) return local;
  if (state === undefined || /^(08|57P)/.test(state)) {
    return retryable(`Cannot connect to Postgres at ${where}: ${message || code}`, {
      code: 'E_PG_UNREACHABLE',
      cause: error,
      hint: 'Ensure the Postgres server is running and POSTGRES_URL is right; `--embedded` starts one.',
    });
  }
  const remedy = remedies.find((one) => one.state.test(state));
  const details = { code: remedy?.code ?? 'E_PG', cause: error };
  const text = `Postgres at ${where}: ${message.slice(0, 300)} (SQLSTATE ${state})`;
  if (remedy === undefined) return retryable(text, details);
  return (remedy.kind === 'fatal' ? fatal : retryable)(text, { ...details, hint: remedy.hint });
}
