/** A life of Redis, by its number (millrace.incarnations); null: nobody knows which. */
export type Life = string | null;

/** What makes a record itself, together with its kind. */
export interface Identity {
  readonly id: string;
  /** Canonical, see instant(). */
  readonly created: string;
}
