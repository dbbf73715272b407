import { fatal, type MillraceError } from '../../foundation/errors';
import { quoteName } from '../record/target';

/** Something that Millrace cannot mend itself, and what an administrator has to run. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  /** SQL statements, one a line, or a sentence where none helps. */
  readonly hint: string;
}

export const schemaProblem = (message: string, hint: string): Problem => ({
  code: 'E_PG_SCHEMA',
  message,
  hint,
});
export const grantProblem = (message: string, hint: string): Problem => ({
  code: 'E_PG_GRANT',
  message,
  hint,
});

export const qualified = (table: { readonly schema: string; readonly name: string }): string =>
  `${quoteName(table.schema)}.${quoteName(table.name)}`;

/** All problems as one error: its code is that of the first. */
export function problemsError(problems: readonly [Problem, ...Problem[]]): MillraceError {
  const [first] = problems;
  const hints = [...new Set(problems.map(({ hint }) => hint))];
  const message =
    problems.length === 1
      ? first.message
      : `this database cannot hold the archive yet:\n${problems.map((problem) => `  - ${problem.message}`).join('\n')}`;
  return fatal(message, { code: first.code, hint: hints.join('\n      ') });
}
