import type { PostgresConnection } from '../../connections/postgres/postgres';

/** What this daemon knows of the parked records: one object, which the sink, the tail and the stage that retries share. */
export class Parked {
  readonly #postgres: PostgresConnection;
  #count = 0;
  #possible = true;
  #due = false;

  constructor(postgres: PostgresConnection) {
    this.#postgres = postgres;
  }

  /** How many records were parked when they were last counted. */
  get count(): number {
    return this.#count;
  }

  /** Whether any may be parked: only then are applied records looked up among them. */
  get possible(): boolean {
    return this.#possible;
  }

  /** Whether some may be due to be tried again. */
  get due(): boolean {
    return this.#due;
  }

  /** Counts the parked records. */
  async look(): Promise<void> {
    const [row] = await this.#postgres.query('SELECT count(*) AS count FROM millrace.dead_letters');
    this.note(Number(row?.['count'] ?? 0));
  }

  /** For when they have been counted, and none has been parked meanwhile. */
  note(count: number): void {
    this.#count = count;
    this.#possible = count > 0;
  }

  /** For when records have been parked, or may have been. */
  suspect(): void {
    this.#possible = true;
  }

  /** For when records have become due: they are to be tried again. */
  call(): void {
    this.#due = true;
  }

  /** Makes all parked records due. */
  async callAll(): Promise<void> {
    await this.#postgres.query(`UPDATE millrace.dead_letters SET due = true WHERE kind <> '?' AND NOT due`);
    this.#due = true;
  }

  /** Tries due records again, if there may be any. @param some tries some of them, and says whether there may be more */
  async retry(some: () => Promise<boolean>): Promise<void> {
    if (this.#due) this.#due = await some();
  }
}
