import type { PostgresConnection } from '../../connections/postgres';

/** What is known of the parked records. One value: the sink, the tail and whoever tries them again go by the same. */
export class Parked {
  readonly #postgres: PostgresConnection;
  #count = 0;
  #possible = true;
  #due = false;

  constructor(postgres: PostgresConnection) {
    this.#postgres = postgres;
  }

  /** How many there were when they were last counted. */
  get count(): number {
    return this.#count;
  }

  /** Whether there may be any: only then landed records are looked up among them. */
  get possible(): boolean {
    return this.#possible;
  }

  /** Whether some may be due to be tried again. */
  get due(): boolean {
    return this.#due;
  }

  /** Counts them. */
  async look(): Promise<void> {
    const [row] = await this.#postgres.query('SELECT count(*) AS count FROM millrace.dead_letters');
    this.#count = Number(row?.['count'] ?? 0);
    this.#possible = this.#count > 0;
  }

  /** Some have just been parked, or nobody knows. */
  suspect(): void {
    this.#possible = true;
  }

  /** Those that are due are to be tried again. */
  call(): void {
    this.#due = true;
  }

  /** All of them are due, and to be tried again. */
  async callAll(): Promise<void> {
    await this.#postgres.query(`UPDATE millrace.dead_letters SET due = true WHERE kind <> '?' AND NOT due`);
    this.#due = true;
  }

  /** @param some tries some of those that are due, and says whether there may be more */
  async retry(some: () => Promise<boolean>): Promise<void> {
    if (this.#due) this.#due = await some();
  }
}
