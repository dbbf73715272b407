import { hostname } from 'node:os';
import { readSql } from '../../foundation/package-root';
import type { Pause } from '../../pipeline/pause';
import {
  applicationName,
  type PostgresConnection,
  type Transaction,
} from '../../connections/postgres/postgres';
import { claimedPosition, type StreamPosition } from './claimed-position';
import type { Life } from '../record/identity';
import { pauseOf } from './pause-store';
import { changesStream } from '../../writer/keys';

/** The names of an owner's connections, which take turns (relay.ts): while one commits others copy rows, without a lock on the stream's row. These share a name. */
export const firstWriter = 'archive';
export const secondWriter = 'archive-second';

/** An owner gives a sign of life each second; one that has given none for this long may be replaced. */
const silenceMs = 5_000;

const claimSql = readSql('src/archive/position/sql/claim.sql');
const evictSql = readSql('src/archive/position/sql/evict.sql');
const displaceSql = readSql('src/archive/position/sql/displace.sql');
const fenceSql = readSql('src/archive/position/sql/fence.sql');
const renewSql = readSql('src/archive/position/sql/renew.sql');
const adoptSql = readSql('src/archive/position/sql/adopt.sql');
const lifeSql = readSql('src/archive/position/sql/begin-life.sql');

const replacedSql = 'INSERT INTO millrace.incarnations (incarnation) VALUES ($1) ON CONFLICT DO NOTHING';

/** Thrown when another instance owns the stream: whatever this one knew of the position is worthless. */
export class Displaced extends Error {}

export interface Ownership {
  readonly owned: boolean;
  /** host:pid of the owner: for people. */
  readonly owner: string;
  /** The owner before, if it has ended, or fell silent, without giving the stream up. */
  readonly silent?: { readonly owner: string; readonly since: number };
}

/** Who may write, and how far the stream is applied: one row, moved in the transaction that writes the data. */
export class Checkpoint {
  readonly #postgres: PostgresConnection;
  readonly me = `${hostname()}:${process.pid}:${Math.random().toString(36).slice(2, 8)}`;
  /** Counts owners, and says with `me` who is one: in a backup that is restored the count goes back, and the next owner may get that of one that goes on. */
  #epoch: string | undefined;
  #passRequestedAt: string | null;
  /** When Postgres last said that this instance is the owner, by performance.now(). */
  #confirmedAt = -Infinity;
  #position: StreamPosition | undefined;
  #unstored: unknown; // what was seen of Redis since `renew` was called last

  /** @param passRequestedAt the request for a pass that was heard of last */
  constructor(postgres: PostgresConnection, passRequestedAt: string | null = null) {
    this.#postgres = postgres;
    this.#passRequestedAt = passRequestedAt;
  }

  /** The position after which the stream is read; undefined: this instance is not the owner, or has to `reload`. */
  get position(): StreamPosition | undefined {
    return this.#position;
  }

  /** The number of this owner; undefined: this instance is none. */
  get epoch(): string | undefined {
    return this.#epoch;
  }

  /** The life of Redis that is followed. */
  get life(): Life {
    return this.#position?.life ?? null;
  }

  /** Tries to become the owner. @returns who is the owner now */
  async claim(): Promise<Ownership> {
    // NOT EXISTS comes first: ON CONFLICT alone would wait for an owner in the middle of a transaction.
    await this.#postgres.query(
      'INSERT INTO millrace.checkpoint (stream) SELECT $1 WHERE NOT EXISTS (SELECT FROM millrace.checkpoint WHERE stream = $1) ON CONFLICT DO NOTHING',
      [changesStream],
    );
    const [row] = await this.#postgres.query(claimSql, [changesStream, this.me, silenceMs]);
    if (row === undefined) {
      await this.#evict();
      const [other] = await this.#postgres.query('SELECT owner FROM millrace.checkpoint WHERE stream = $1', [
        changesStream,
      ]);
      return { owned: false, owner: other?.['owner'] ?? 'nobody' };
    }
    await this.#postgres.query(displaceSql, [[firstWriter, secondWriter].map(applicationName)]);
    this.#epoch = row['epoch'] ?? undefined;
    this.#confirmedAt = performance.now();
    this.#position = claimedPosition(row);
    const { former, silent_since: since } = row;
    const silent = former != null && since != null ? { silent: { owner: former, since: Number(since) } } : {};
    return { owned: true, owner: this.me, ...silent };
  }

  /** A sign of life. @returns whether somebody asks for a full pass, whether nothing may be applied, and how many records are parked. @throws Displaced */
  async renew(): Promise<{ passRequested: boolean; paused: Pause | undefined; parked: number }> {
    const seen = this.#unstored === undefined ? null : JSON.stringify(this.#unstored);
    const [row] = await this.#postgres.query(renewSql, [changesStream, this.#epoch, this.me, seen]);
    if (row === undefined) throw this.#displaced();
    this.#unstored = undefined;
    this.#confirmedAt = performance.now();
    const requested = row['pass_requested_at'] ?? null;
    const passRequested = requested !== null && requested !== this.#passRequestedAt;
    this.#passRequestedAt = requested;
    return { passRequested, paused: pauseOf(row), parked: Number(row['parked'] ?? 0) };
  }

  /** The request that a pass beginning now answers; null: there is none. */
  get passRequestedAt(): string | null {
    return this.#passRequestedAt;
  }

  /** Leaves a pass' report for whoever asked for it. */
  async report(report: object): Promise<void> {
    const sql = 'UPDATE millrace.checkpoint SET last_pass = $2::json WHERE stream = $1';
    await this.#postgres.query(sql, [changesStream, JSON.stringify(report)]);
  }

  /** Asks the owner, whoever it is, for a full pass. @returns the time of the request, for `passSince` */
  async requestPass(): Promise<string> {
    const sql =
      'UPDATE millrace.checkpoint SET pass_requested_at = clock_timestamp() WHERE stream = $1 RETURNING pass_requested_at';
    const [row] = await this.#postgres.query(sql, [changesStream]);
    return row?.['pass_requested_at'] ?? '';
  }

  /** The report of a pass that began after the request. */
  async passSince(requested: string): Promise<unknown> {
    const sql = `SELECT last_pass FROM millrace.checkpoint WHERE stream = $1 AND (last_pass ->> 'requestedAt')::timestamptz >= $2`;
    const [row] = await this.#postgres.query(sql, [changesStream, requested]);
    return row?.['last_pass'] == null ? undefined : JSON.parse(row['last_pass']);
  }

  /** Which incarnation the owner, whoever it is, follows, and how far it has come; undefined: none yet. */
  async stored(): Promise<{
    readonly incarnation: string | undefined;
    readonly entryId: string | undefined;
  }> {
    const sql = 'SELECT incarnation, entry_id FROM millrace.checkpoint WHERE stream = $1';
    const [row] = await this.#postgres.query(sql, [changesStream]);
    return { incarnation: row?.['incarnation'] ?? undefined, entryId: row?.['entry_id'] ?? undefined };
  }

  /** Locks the stream's row and moves the position, inside the transaction that writes the records up to it. @throws Displaced */
  async fence(transaction: Transaction, entryId: string): Promise<void> {
    const expected = this.#position?.entryId;
    const moved = await transaction.execute(fenceSql, [
      changesStream,
      this.#epoch,
      expected,
      entryId,
      this.me,
    ]);
    if (moved === 0) throw this.#displaced();
  }

  /** To be called when the transaction of `fence` is committed. */
  moved(entryId: string): void {
    this.#confirmedAt = performance.now();
    if (this.#position !== undefined) this.#position = { ...this.#position, entryId };
  }

  /** Remembers what was seen of Redis, for `renew` to store. */
  see(seen: unknown): void {
    if (this.#position !== undefined) this.#position = { ...this.#position, seen };
    this.#unstored = seen;
  }

  /** Stores what was seen of Redis. @throws Displaced */
  async note(position: Omit<StreamPosition, 'life'>): Promise<void> {
    const [row] = await this.#postgres.query(adoptSql, this.#adoption(position, false));
    if (row === undefined) throw this.#displaced();
    this.#unstored = undefined;
    this.#position = { ...position, life: this.#position?.life ?? null };
  }

  /**
   * Starts a new incarnation. @param replaced the incarnation that was found in Redis: if it comes back, `hasMet` knows it
   * @param keep runs in the same transaction, but not for the first incarnation of all. @throws Displaced
   */
  async begin(
    position: Omit<StreamPosition, 'life'>,
    replaced: string | null,
    keep: (transaction: Transaction) => Promise<unknown>,
  ): Promise<void> {
    const life = await this.#postgres.transaction(async (transaction) => {
      const adopted = await transaction.execute(adoptSql, this.#adoption(position, true));
      if (adopted === 0) throw this.#displaced();
      if (replaced !== null) await transaction.execute(replacedSql, [replaced]);
      const [row] = await transaction.query(lifeSql, [position.incarnation]);
      const number = row?.['life'] ?? null;
      if (number !== '1') await keep(transaction);
      return number;
    });
    this.#unstored = undefined;
    this.#position = { ...position, life };
  }

  #adoption({ incarnation, entryId, seen }: Omit<StreamPosition, 'life'>, begin: boolean): unknown[] {
    return [changesStream, this.#epoch, incarnation, entryId, JSON.stringify(seen), begin, this.me];
  }

  /** Whether an incarnation found in Redis is known: an older one of ours, or one that ours has replaced. */
  async hasMet(incarnation: string): Promise<boolean> {
    const sql = 'SELECT FROM millrace.incarnations WHERE incarnation = $1';
    return (await this.#postgres.query(sql, [incarnation])).length > 0;
  }

  /** Forgets the position, until `reload`: after a failure only Postgres knows whether the commit happened. */
  forget(): void {
    this.#position = this.#unstored = undefined;
  }

  /** Reads the position again after `forget`. @throws Displaced */
  async reload(): Promise<void> {
    await this.#evict();
    const sql =
      'SELECT c.incarnation, i.life, c.entry_id, c.seen FROM millrace.checkpoint c LEFT JOIN millrace.incarnations i USING (incarnation) WHERE c.stream = $1 AND c.epoch = $2 AND c.owner = $3';
    const [row] = await this.#postgres.query(sql, [changesStream, this.#epoch, this.me]);
    if (row === undefined) throw this.#displaced();
    this.#position = claimedPosition(row);
  }

  async #evict(): Promise<void> {
    await this.#postgres.query(evictSql, [changesStream, silenceMs, applicationName(secondWriter)]);
  }

  /** Gives the stream up, so that a standby can take over at once. */
  async release(): Promise<void> {
    if (this.#epoch === undefined) return;
    const sql =
      'UPDATE millrace.checkpoint SET owner = NULL, heartbeat = NULL WHERE stream = $1 AND epoch = $2 AND owner = $3';
    await this.#postgres.query(sql, [changesStream, this.#epoch, this.me]);
  }

  get owned(): boolean {
    return this.#epoch !== undefined;
  }

  /** Whether nobody else can have become the owner: Postgres has confirmed us less than `silenceMs` ago. */
  get certain(): boolean {
    return performance.now() - this.#confirmedAt < silenceMs;
  }

  /** Forgets that we were the owner. @returns the error to throw */
  #displaced(): Displaced {
    this.#epoch = this.#position = this.#unstored = undefined;
    return new Displaced('another instance owns the stream');
  }
}
