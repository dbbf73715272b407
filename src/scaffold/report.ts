import { basename } from 'node:path';
import { fatal, type MillraceError } from '../foundation/errors';
import { harmless } from '../foundation/harmless';
import { inFew } from '../foundation/in-few';
import type { Proposal } from './file-text';
import type { Findings, Stores } from './look';

type Named = Pick<Stores, 'dbPath' | 'redis' | 'postgres'>;

/** What was looked at, in words. @throws E_NO_STORES (fatal) where that is nothing */
export function sourcesOf({ dbPath, redis, postgres }: Named, findings: Findings): readonly string[] {
  const sources = [
    ...(dbPath === undefined ? [] : [basename(dbPath)]),
    ...('failed' in findings.redis ? [] : [`Redis at ${redis.display}`]),
    ...(postgres === undefined || findings.postgres === undefined || 'failed' in findings.postgres
      ? []
      : [`Postgres at ${postgres.display}`]),
  ];
  if (dbPath === undefined && 'failed' in findings.redis)
    throw nothingToLookAt(findings.redis.failed.message);
  return sources;
}

const nothingToLookAt = (reason: string): MillraceError =>
  fatal(`there is nothing to look at: no SQLite file, and ${reason}`, {
    code: 'E_NO_STORES',
    hint: 'Set DB_PATH to the SQLite file, REDIS_URL, or both.',
  });

/** A file that maps nothing would switch everything off. @throws E_NOTHING_FOUND, E_POSTGRES_URL (fatal) */
export function requireMappings(proposal: Proposal): void {
  const { sources, includes, documents, records, recordsHeldBack } = proposal;
  const mapped = documents.length + (recordsHeldBack === undefined ? records.length : 0);
  if (mapped > 0 || includes.some(({ included }) => included)) return;
  if (recordsHeldBack !== undefined && records.length > 0)
    throw fatal(
      `${harmless(inFew(records.map(({ key }) => key)))} would go to Postgres, and ${recordsHeldBack}: no file is written`,
      {
        code: 'E_POSTGRES_URL',
        hint: 'Set POSTGRES_URL to a Postgres that answers; `millrace config init --stdout` prints what was found, as comments.',
      },
    );
  throw fatal(`nothing was found that could be mapped, in ${sources.join(' and ')}: no file is written`, {
    code: 'E_NOTHING_FOUND',
    hint: '`millrace config init --stdout` prints what was found, as comments; DB_PATH names the SQLite file.',
  });
}

/** What goes on without a server that could not be asked. */
export function failures({ redis, postgres }: Findings): readonly string[] {
  return [
    ...('failed' in redis
      ? [
          `Note: ${redis.failed.message}`,
          '    → Without it nobody knows which keys are there already: look at `millrace config plan` before you apply the file.',
        ]
      : []),
    ...(postgres !== undefined && 'failed' in postgres
      ? [`Note: ${postgres.failed.message}`, '    → Tables that are there already are not known.']
      : []),
  ];
}

/** What to do next. */
export const nextSteps = (path: string): readonly string[] => [
  `Written: ${path}. Read it, and change what you like. Then:`,
  '  millrace config plan     what it would do, with samples; nothing is written',
  '  millrace config apply    does it',
];

/** So many lines of a kind. */
const most = 20;

/** What was found, for a terminal. Pure. */
export function summary(proposal: Proposal): readonly string[] {
  const { includes, documents, documentsLeftOut, records, recordsLeftOut, recordsHeldBack } = proposal;
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
        ({ key, table }) =>
          `  record     ${key}  to ${table}${recordsHeldBack === undefined ? '' : ', as a comment'}`,
      ),
    ),
    ...some([...documentsLeftOut, ...recordsLeftOut].map(({ name, why }) => `  left out   ${name}: ${why}`)),
  ];
  return said.length === 0 ? ['Nothing was found that could be mapped.'] : ['Found:', ...said.map(harmless)];
}

const some = (lines: readonly string[]): readonly string[] =>
  lines.length <= most + 1
    ? lines
    : [...lines.slice(0, most), `  … and ${lines.length - most} more, in the file`];

const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`;
