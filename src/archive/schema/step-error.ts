import { describeError, fatal } from '../../foundation/errors';
import { quoteName } from '../record/target';

/** The error of a step that failed although the catalogue gave no reason. It names the statement, so that an administrator can run or mend it. */
export function stepError(
  error: unknown,
  { thing, sql }: { readonly thing: string; readonly sql: string },
  schema: string,
): unknown {
  const { code, message } = describeError(error);
  // Rights, something that is there already or in the way, rows that do not fit. Other classes (locks, connections, disks) are no fault of the schema.
  if (!/^(42|0A|2B|22|23)/.test(code)) return error;
  return fatal(`cannot make ${thing}: ${message} (SQLSTATE ${code})`, {
    code: code === '42501' ? 'E_PG_GRANT' : 'E_PG_SCHEMA',
    cause: error,
    hint: `This has to succeed first: SET search_path = ${quoteName(schema)}; ${sql}`,
  });
}
