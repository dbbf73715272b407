import type { RecordPlan } from '../archive/inspect/plan-records';
import { harmless } from '../foundation/harmless';

/** What the records of the file of mappings would do, a paragraph each. Pure. */
export const tellRecordPlan = (plans: readonly RecordPlan[]): readonly string[] =>
  plans
    .flatMap(({ name, prefix, table, state, steps, problems, rows, keys, differ }) => [
      `record ${name}: ${prefix}… to table ${table}, ${stateInWords(state, rows)}; ${keys} keys, ${differ} to be written`,
      ...steps.map(({ thing, sql }) => `  + ${thing}${thing.startsWith('table ') ? '' : `: ${sql}`}`),
      ...problems.flatMap(({ message, hint }) => [`  ! ${message}`, `    ${hint}`]),
    ])
    .map(harmless);

function stateInWords(state: RecordPlan['state'], rows: number): string {
  const there = rows > 0 ? ` (about ${rows} rows; those with the key of a record take its contents)` : '';
  switch (state) {
    case 'new table':
      return 'which is made';
    case 'adopted':
      return `which is adopted${there}`;
    case 'in place':
      return `which is in place${rows > 0 ? ` (about ${rows} rows)` : ''}`;
    case 'stopped':
      return 'which cannot take the records';
  }
}
