import type { Pool } from 'pg';
import type { Fault } from './faults/fault';
import { judgeAppended } from './history/appended';
import { judgeKey, type KeyFindings, type Rewind } from './history/key-history';
import { readJournals } from './journal';
import { harmedOthers } from './scene/others';
import type { Scene } from './scene/scene';
import type { Sights } from './scene/sights';
import type { RowsWatch } from './scene/watch-rows';

/** What must be empty, each with what shows it. */
export interface Findings {
  /** I1: a committed change that is not reflected; or a row that is there no more. */
  readonly lost: readonly string[];
  /** I2 */
  readonly duplicated: readonly string[];
  /** I3 */
  readonly backwards: readonly string[];
  readonly invented: readonly string[];
  /** I5, I8: what is others', and writers that failed or had to wait. */
  readonly harmed: readonly string[];
  /** I4, I10: it came into step too late, or health did not say so. */
  readonly troubles: readonly string[];
}

export const findingNames = ['lost', 'duplicated', 'backwards', 'invented', 'harmed', 'troubles'] as const;

export interface Verdict extends Findings {
  readonly writes: number;
}

export interface Round {
  readonly fault: Pick<Fault, 'hitsWriters'>;
  readonly round: string;
  readonly journals: readonly string[];
  readonly ended: readonly string[];
  readonly keyWatch: { readonly sights: Sights };
  readonly rowWatch: RowsWatch;
}

/** Follows a truth that went back, whenever it hears of it. */
const sinceThen = (rewinds: readonly Rewind[]): Rewind[] =>
  rewinds.map(({ from }) => ({ from, to: Infinity }));

/** All that was written and seen in a round, judged. */
export async function judgeRound(scene: Scene, round: Round): Promise<Verdict> {
  const { fault, keyWatch, rowWatch, journals, ended } = round;
  const { keys, redis, sqlite, postgres } = scene.rewinds;
  const notes = readJournals(journals);
  const judged: KeyFindings[] = [];
  for (const key of new Set([...notes.keys.keys(), ...keyWatch.sights.keys(), ...rowWatch.sights.keys()])) {
    const writes = notes.keys.get(key) ?? [];
    const isRow = /^(cart|run):/.test(key);
    const sights = (isRow ? rowWatch : keyWatch).sights.of(key);
    const rewinds = isRow
      ? { backwards: [...sinceThen(redis), ...sinceThen(postgres)], forgets: redis }
      : { backwards: [...keys, ...redis, ...sinceThen(sqlite)], forgets: sqlite };
    // A run comes into being without the journal's knowing.
    const first = key.startsWith('run:') ? [{ value: 'begun', began: -Infinity }] : [];
    judged.push(
      judgeKey(
        {
          key,
          writes: [...first, ...writes],
          sights: isRow && sights.length === 0 ? [{ value: null, at: Infinity }] : sights,
        },
        rewinds,
      ),
    );
  }
  const appended = judgeAppended({
    written: notes.once,
    found: await countOnce(scene.postgres.pool, round.round),
    forgets: [...redis, ...postgres],
  });
  const parked = judgeAppended({
    written: notes.parked,
    found: await countLettersOf(scene.postgres.pool, notes.parked.map(({ name }) => name)), // prettier-ignore
    forgets: [...redis, ...postgres],
  });
  const now = await scene.lookAtOthers();
  return {
    writes: notes.deeds,
    lost: [
      ...judged.flatMap(({ lost }) => lost),
      ...appended.lost,
      ...parked.lost,
      ...goneRows(rowWatch, postgres),
      ...(await goneSince(scene)),
    ],
    duplicated: [
      ...appended.duplicated,
      ...parked.duplicated,
      ...rowWatch.twice,
      ...(await namesTwice(scene.postgres.pool)),
    ],
    backwards: judged.flatMap(({ backwards }) => backwards),
    invented: [...judged.flatMap(({ invented }) => invented), ...appended.invented],
    harmed: [...harmedOthers(scene.othersAtFirst, now), ...(fault.hitsWriters ? [] : notes.harmed), ...ended],
    troubles: [...scene.troubles],
  };
}

/** How often each prediction and each event of a round is there. */
async function countOnce(pool: Pool, round: string): Promise<ReadonlyMap<string, number>> {
  const sql = `SELECT name, count(*)::int FROM (
      SELECT input_data ->> 'chaos' AS name FROM predictions UNION ALL SELECT tag FROM events) found
    WHERE name LIKE $1 || '.%' GROUP BY name`;
  const { rows } = await pool.query<{ name: string; count: number }>(sql, [round]);
  return new Map(rows.map(({ name, count }) => [name, count]));
}

/** How many letters each of these keys has. */
async function countLettersOf(pool: Pool, keys: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const sql = 'SELECT key, count(*)::int FROM millrace.dead_letters WHERE key = ANY ($1) GROUP BY key';
  const { rows } = await pool.query<{ key: string; count: number }>(sql, [keys]);
  return new Map(rows.map(({ key, count }) => [key, count]));
}

/** Whatever Redis forgets, its rows stay: keys whose row was there, and then was not. */
function goneRows({ sights }: RowsWatch, backups: readonly Rewind[]): readonly string[] {
  if (backups.length > 0) return [];
  const isGone = (key: string) =>
    sights.of(key).some(({ value }, at, all) => value === null && (all[at - 1]?.value ?? null) !== null);
  return sights.keys().filter(isGone).map((key) => `${key}: its row is gone`); // prettier-ignore
}

/** Rows of earlier rounds that are there no more; how many there are now is what has to stay. */
async function goneSince({ postgres, kept, rewinds }: Scene): Promise<readonly string[]> {
  const sql = `SELECT split_part(name, '.', 1) AS round, count(*)::int FROM (
      SELECT input_data ->> 'chaos' AS name FROM predictions UNION ALL SELECT tag FROM events UNION ALL SELECT run_name FROM training_runs
    ) found WHERE name IS NOT NULL GROUP BY 1`;
  const { rows } = await postgres.pool.query<{ round: string; count: number }>(sql);
  const now = new Map(rows.map(({ round, count }) => [round, count]));
  const gone = [...kept].flatMap(([round, before]) => {
    const left = now.get(round) ?? 0;
    return left < before ? [`${before - left} rows of round ${round}`] : [];
  });
  for (const [round, count] of now) kept.set(round, count);
  return rewinds.postgres.length > 0 ? [] : gone;
}

/** Every model, version and run has a name of its own. */
async function namesTwice(pool: Pool): Promise<readonly string[]> {
  const sql = `SELECT name FROM models GROUP BY name HAVING count(*) > 1
    UNION ALL SELECT version FROM model_versions GROUP BY version HAVING count(*) > 1
    UNION ALL SELECT run_name FROM training_runs GROUP BY run_name HAVING count(*) > 1`;
  return (await pool.query<{ name: string }>(sql)).rows.map(({ name }) => name);
}
