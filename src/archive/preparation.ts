import type { PostgresConnection } from '../postgres';
import { kindNames, kinds } from './kinds';
import { examineSchema } from './schema/examine';
import { migrate, type MigrationReport } from './schema/migrate';
import { problemsError } from './schema/problems';
import { quoteName, type Target, type Targets } from './target';

/** Makes what is missing in Postgres. @throws E_PG_… with what to do about what cannot be made */
export async function prepareSchema(postgres: PostgresConnection): Promise<MigrationReport> {
  try {
    return await postgres.lend((client) => migrate(client));
  } catch (error) {
    throw postgres.translate(error);
  }
}

/** The tables as they are now. @throws E_PG_… (fatal) when the archive cannot be written to them */
export async function findTargets(postgres: PostgresConnection): Promise<Targets> {
  let examination;
  try {
    examination = await postgres.lend((client) => examineSchema(client));
  } catch (error) {
    throw postgres.translate(error);
  }
  const [problem, ...others] = examination.problems;
  if (problem !== undefined) throw problemsError([problem, ...others]);
  return new Map(
    kindNames.map((name): [typeof name, Target] => {
      const table = examination.tables.get(name);
      if (table?.sequence == null) throw new Error(`${kinds[name].table} was not examined`);
      return [
        name,
        {
          kind: kinds[name],
          table: `${quoteName(table.schema)}.${quoteName(table.name)}`,
          sequence: table.sequence.name,
          types: new Map(table.columns.map((column) => [column.name, column.type])),
        },
      ];
    }),
  );
}
