/** A life of Redis, by its number (millrace.incarnations); null: nobody knows which. */
export type Life = string | null;

/** Half of an identity; the kind is the other. */
export interface Identity {
  readonly id: string;
  /** Canonical, see instant(). */
  readonly created: string;
}
