import { harmless } from '../foundation/harmless';
import type { Proposal, Reader } from './file-text';

const most = 20;

/** What was found, for a terminal. Pure. */
export function summary(
  { includes, documents, documentsLeftOut, records }: Proposal,
  { readsRecords }: Reader,
): readonly string[] {
  const included = includes.filter((one) => one.included);
  const said = [
    ...included.map(({ name, why }) => `  include    ${name}: ${why}`),
    ...some(
      documents.map(
        ({ from, key, json }) => `  document   ${key}  from ${from}, ${counted(json.length, 'column')}`,
      ),
    ),
    ...some(
      records.map(
        ({ key, table }) => `  record     ${key}  to ${table}${readsRecords ? '' : ', as a comment'}`,
      ),
    ),
    ...some(documentsLeftOut.map(({ name, why }) => `  left out   ${name}: ${why}`)),
  ];
  return said.length === 0 ? ['Nothing was found that could be mapped.'] : ['Found:', ...said.map(harmless)];
}

const some = (lines: readonly string[]): readonly string[] =>
  lines.length <= most + 1
    ? lines
    : [...lines.slice(0, most), `  … and ${lines.length - most} more, in the file`];

export const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`;
