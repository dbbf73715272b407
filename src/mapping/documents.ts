/**
 * A document: what one Redis key holds, going by the tables of the SQLite file. Its rows are those of one table, or of a SELECT; the
 * columns that its key template names tell which rows belong to which key.
 */
export interface DocumentMapping {
  /** Letters, digits, _ and -, 64 at most; no other mapping has it. */
  readonly name: string;
  readonly key: KeyTemplate;
  readonly form: DocumentForm;
  /** Seconds after which Redis forgets the key, unless it is written again; undefined: never. */
  readonly ttl: number | undefined;
  readonly rows: TableRows | SelectRows;
  /** For every table of which a change may change a document: which keys are then looked up. */
  readonly watch: readonly Watch[];
}

/** `entity:team:{id}`: a literal, then columns with literals between them. */
export interface KeyTemplate {
  readonly text: string;
  /** The literal that all keys begin with, never empty. */
  readonly prefix: string;
  readonly parts: readonly KeyPart[];
}

export interface KeyPart {
  readonly column: string;
  /** The literal behind the column; empty behind the last one at the most. */
  readonly after: string;
}

/**
 * What the value is. `json`, `hash`, `string`: of one row (two rows of one key make no document); `list`, `set`, `zset`: of all rows of
 * the key. `list` is the JSON array of texts that alias keys hold, distinct and in a fixed order: a string for Redis.
 */
export type DocumentForm =
  | { readonly type: 'string' | 'list' | 'set'; readonly column: string }
  | { readonly type: 'json' | 'hash'; readonly fields: readonly DocumentField[] }
  | { readonly type: 'zset'; readonly member: string; readonly score: string };

export interface DocumentField {
  readonly name: string;
  readonly column: string;
  /** The column holds JSON text, which becomes part of the document as what it is (`json` only). */
  readonly json: boolean;
}

export interface TableRows {
  readonly table: string;
  /** An SQL expression over the table's columns; undefined: all rows. */
  readonly where: string | undefined;
}

/** A SELECT over the relation `keys`, whose columns are those of the key template; it yields these columns, too. */
export interface SelectRows {
  readonly sql: string;
  /** The table that has a row for each key: what a full pass walks. */
  readonly table: string;
}

export interface Watch {
  readonly table: string;
  /**
   * The columns of that table that are logged, before and after a change: as many as the key template has, in its order; with `select`,
   * the columns of its own relation `keys`. Empty: the primary key.
   */
  readonly by: readonly string[];
  /** A SELECT over the relation `keys` that yields the keys (their columns, in the template's order); undefined: `by` are the key. */
  readonly select: string | undefined;
}

/** The keys of one mapping in Redis: what they begin with, and what they are there. */
export interface Keyspace {
  readonly prefix: string;
  readonly holds: 'string' | 'hash' | 'set' | 'zset';
  /** Seconds. */
  readonly ttl?: number | undefined;
}

export const documentKeyspace = ({ key, form, ttl }: DocumentMapping): Keyspace => ({
  prefix: key.prefix,
  holds: form.type === 'json' || form.type === 'list' ? 'string' : form.type,
  ttl,
});

/** The columns that a form reads. */
export function columnsOf(form: DocumentForm): readonly string[] {
  switch (form.type) {
    case 'json':
    case 'hash':
      return form.fields.map(({ column }) => column);
    case 'zset':
      return [form.member, form.score];
    case 'string':
    case 'list':
    case 'set':
      return [form.column];
  }
}
