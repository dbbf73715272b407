import { PostgresConnection } from '../../connections/postgres/postgres';
import type { PostgresTarget } from '../../connections/postgres/postgres-url';
import { type Catalogue } from '../../mapping/kinds';

/** A mapping of the user's own that was in force, and is not any more: what is left of it. */
export interface LeftRecords {
  readonly name: string;
  /** What its keys begin with. */
  readonly prefix: string;
  /** Its table, qualified and quoted: its rows stay. */
  readonly table: string;
  /** How many of its records are parked. */
  readonly parked: number;
}

/** What an older version, or nobody, has prepared has nothing left. */
const thereSql = `SELECT to_regclass('millrace.mapped') IS NOT NULL AS there`;
const leftSql = `SELECT m.kind, m.prefix, m.table_name, (SELECT count(*) FROM millrace.dead_letters l WHERE l.kind = m.kind) AS parked
  FROM millrace.mapped m WHERE m.kind <> ALL ($1::text[]) ORDER BY m.kind`;

/** Everything that is kept about a mapping, but for the rows of its table, and how far streams are read into that: it may have another mapping by now. */
const keptIn = ['mapped', 'dead_letters', 'followed', 'altered', 'retention'] as const;

/** The mappings that were taken out of the file and not forgotten since. @throws explained errors */
export async function leftRecords(
  target: PostgresTarget,
  catalogue: Catalogue,
): Promise<readonly LeftRecords[]> {
  const postgres = new PostgresConnection(target, 'left');
  try {
    const [answer] = await postgres.query(thereSql);
    if (answer?.['there'] !== 't') return [];
    const rows = await postgres.query(leftSql, [[...catalogue.keys()]]);
    return rows.map((row) => ({
      name: row['kind'] ?? '',
      prefix: row['prefix'] ?? '',
      table: row['table_name'] ?? '',
      parked: Number(row['parked'] ?? 0),
    }));
  } finally {
    postgres.close();
  }
}

/** Forgets mappings that were taken out, with the records of theirs that are parked. Their rows stay, and are nobody's. @throws explained errors */
export async function forgetRecords(target: PostgresTarget, names: readonly string[]): Promise<void> {
  const postgres = new PostgresConnection(target, 'forget');
  try {
    await postgres.transaction(async (transaction) => {
      for (const table of keptIn)
        await transaction.execute(`DELETE FROM millrace.${table} WHERE kind = ANY ($1::text[])`, [names]);
    });
  } catch (error) {
    throw postgres.translate(error);
  } finally {
    postgres.close();
  }
}
