import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot, readAsset } from '../../foundation/package-root';

/** A numbered file of migrations/. */
export interface Migration {
  readonly number: number;
  /** File name without number and ending. */
  readonly name: string;
  readonly steps: readonly Step[];
}

/** Statements that make one thing. The first file in migrations/ explains the format. */
export interface Step {
  /** `<what> <name>`, as in things.ts. The step is due when this is missing. */
  readonly thing: string;
  readonly condition?: StepCondition;
  readonly sql: string;
}

export interface StepCondition {
  readonly is: 'adopted' | 'checked';
  readonly table: string;
}

const header = /^--: (?<thing>.+?)(?: when (?<is>adopted|checked) (?<table>\w+))?$/;

/** @throws when a file is not as the format says: a defect of ours, which every test finds */
export function parseMigration(file: string, text: string): Migration {
  const [, number, name] = /^(\d{4})_(\w+)\.sql$/.exec(file) ?? [];
  if (number === undefined || name === undefined)
    throw new Error(`migrations/${file} is not named NNNN_name.sql`);
  // Text before the first step is for human readers.
  const parts = text.split(/^(?=--: )/m).filter((part) => part.startsWith('--: '));
  return { number: Number(number), name, steps: parts.map((part) => parseStep(file, part)) };
}

function parseStep(file: string, part: string): Step {
  const [first = '', ...rest] = part.split('\n');
  const { thing, is, table } = header.exec(first)?.groups ?? {};
  if (thing === undefined || thing.includes(' when ')) throw new Error(`migrations/${file}: ${first}`);
  const sql = rest.join('\n').trim();
  if (table === undefined) return { thing, sql };
  return { thing, sql, condition: { is: is === 'adopted' ? 'adopted' : 'checked', table } };
}

let read: readonly Migration[] | undefined;

/** All of migrations/, in order of their numbers, which rise from 1 without a gap. */
export function migrations(): readonly Migration[] {
  read ??= readdirSync(join(packageRoot, 'migrations'))
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => parseMigration(file, readAsset(`migrations/${file}`)));
  return read;
}

/** The number of the newest file: what a database is migrated to. */
export const latestMigration = (): number => migrations().at(-1)?.number ?? 0;
