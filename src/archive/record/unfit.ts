/** Says what a column cannot hold. The record is parked with this reason; the rest of its batch is applied. */
export class Unfit extends Error {
  readonly code: string;
  readonly column: string | undefined;
  /** The name in Postgres of the constraint that refused the record. */
  readonly constraint: string | undefined;

  constructor(code: string, column: string | undefined, message: string, constraint?: string) {
    super(message);
    this.code = code;
    this.column = column;
    this.constraint = constraint;
  }
}

export function isUnfit(error: unknown): error is Unfit {
  return error instanceof Unfit;
}

/** The reason of a record that is larger than MAX_RECORD_SIZE and was not fetched. */
export const tooLarge = (bytes: number, most: number): Unfit =>
  new Unfit(
    'E_TOO_LARGE',
    undefined,
    `has ${bytes} bytes in Redis, more than MAX_RECORD_SIZE (${most}): it was not read`,
  );

/** A short, printable form for a message. */
export function quote(raw: Buffer | string): string {
  const text = typeof raw === 'string' ? raw : raw.subarray(0, 160).toString('utf8');
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
