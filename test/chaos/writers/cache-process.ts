/** The application that writes the SQLite file, in all the ways there are; it knows nothing of Millrace. See setting.ts. */
import Database from 'better-sqlite3';
import { Journal } from '../journal';
import { randomOf } from '../random';
import { type CacheTable, cacheTables } from '../scene/sqlite-file';
import { settingOf, writeUntilTold } from './setting';

const { round, life, journal: path, seed, dbPath, pace } = settingOf(process.argv[2]);
const random = randomOf(seed).named(`cache ${life}`);
const journal = new Journal(path);
const keysOfTable = 25;
let version = 0;
let db: Database.Database | undefined;

/** Opened anew after a failure, as an application that is restarted would: the file may be another one. */
function opened(): Database.Database {
  db ??= new Database(dbPath, { fileMustExist: true, timeout: 5_000 });
  return db;
}

type Change = readonly [key: string, value: string | null];
interface Work {
  readonly sql: readonly (readonly [sql: string, ...values: (string | null)[]])[];
  readonly changes: readonly Change[];
}

const nextValue = (): string => `${round}.${life}.${String(++version)}`;
const anyKey = (): string => `${round}-${random.between(1, keysOfTable)}`;

const put = ({ name, key, value, unique }: CacheTable, at: string): Work => {
  const next = nextValue();
  const insert = `INTO ${name} (${key}, ${value}) VALUES (?, ?)`;
  const fill = (sql: string): Work => ({ sql: [[sql, at, next]], changes: [[at, next]] });
  const dice = unique ? random.next() : 1;
  if (dice < 0.2)
    return fill(`INSERT ${insert} ON CONFLICT (${key}) DO UPDATE SET ${value} = excluded.${value}`);
  if (dice < 0.3) return fill(`INSERT OR REPLACE ${insert}`);
  return {
    sql: [
      [`DELETE FROM ${name} WHERE ${key} = ?`, at],
      [`INSERT ${insert}`, at, next],
    ],
    changes: [[at, next]],
  };
};

/** REPLACE takes the row away that has the slot, whatever its key is: of that no DELETE trigger hears. */
function seize({ name, key, value }: CacheTable, at: string): Work {
  const slot = anyKey();
  const next = nextValue();
  const victim = opened()
    .prepare<[string, string], string>(`SELECT ${key} FROM ${name} WHERE slot = ? AND ${key} <> ?`)
    .pluck()
    .get(slot, at);
  return {
    sql: [[`INSERT OR REPLACE INTO ${name} (${key}, ${value}, slot) VALUES (?, ?, ?)`, at, next, slot]],
    changes: [...(victim === undefined ? [] : [[victim, null] as const]), [at, next]],
  };
}

const remove = ({ name, key }: CacheTable, at: string): Work => ({
  sql: [[`DELETE FROM ${name} WHERE ${key} = ?`, at]],
  changes: [[at, null]],
});

/** Written at first, and taken away at last by a row that seizes its slot: nothing comes after that would hide what was missed. */
const [heldKey, heldSlot] = [`${round}-0`, `${round}.${life}`];
/** Written at first, and never again. */
const stillKey = `${round}-00`;

async function fillAll(at: string, slot: string | null, victim?: string): Promise<void> {
  for (const table of cacheTables.filter(({ unique }) => unique)) {
    const { name, key, value } = table;
    const next = nextValue();
    const insert = `INSERT OR REPLACE INTO ${name} (${key}, ${value}, slot) VALUES (?, ?, ?)`;
    const taken: Change[] = victim === undefined ? [] : [[victim, null]];
    await write({ table, sql: [[insert, at, next, slot]], changes: [...taken, [at, next]] });
  }
}

/** A row takes the key of another one, which goes; where there is none to take it, the other one goes alone. */
const rename = (table: CacheTable, at: string, to: string): Work => {
  if (at === to) return remove(table, at);
  const { name, key, value, unique } = table;
  const next = nextValue();
  return {
    sql: [
      [`DELETE FROM ${name} WHERE ${key} = ?`, at],
      [`INSERT INTO ${name} (${key}, ${value}) VALUES (?, ?)`, at, 'about to move'],
      ...(unique ? [] : [[`DELETE FROM ${name} WHERE ${key} = ?`, to] as const]),
      [`UPDATE OR REPLACE ${name} SET ${key} = ?, ${value} = ? WHERE ${key} = ?`, to, next, at],
    ],
    changes: [
      [at, null],
      [to, next],
    ],
  };
};

/** All rows of the round go, and most of them come anew. */
const rebuild = (table: CacheTable): Work => {
  const { name, key, value } = table;
  const sql: [string, ...string[]][] = [[`DELETE FROM ${name} WHERE ${key} GLOB ?`, `${round}-[1-9]*`]];
  const changes: Change[] = [];
  for (let n = 1; n <= keysOfTable; n++) {
    const at = `${round}-${n}`;
    const next = random.next() < 0.9 ? nextValue() : null;
    changes.push([at, next]);
    if (next !== null) sql.push([`INSERT INTO ${name} (${key}, ${value}) VALUES (?, ?)`, at, next]);
  }
  return { sql, changes };
};

// eslint-disable-next-line @typescript-eslint/require-await -- a file that cannot be read is a failure as any other
async function anyWork(): Promise<Work & { readonly table: CacheTable }> {
  const table = random.pick(cacheTables);
  const dice = random.next();
  if (dice < 0.02) return { table, ...rebuild(table) };
  if (dice < 0.1) return { table, ...rename(table, anyKey(), anyKey()) };
  if (dice < 0.3 && table.unique) return { table, ...seize(table, anyKey()) };
  const works = Array.from({ length: random.between(1, 3) }, () =>
    random.next() < 0.2 ? remove(table, anyKey()) : put(table, anyKey()),
  );
  return { table, sql: works.flatMap(({ sql }) => sql), changes: works.flatMap(({ changes }) => changes) };
}

/** SQLite has rolled back, or has not begun. */
const refused = (error: unknown): boolean =>
  /^SQLITE_(BUSY|LOCKED|FULL|READONLY|CANTOPEN|CONSTRAINT)/.test((error as { code?: string }).code ?? '');

function run({ sql }: Work): void {
  const file = opened();
  file
    .transaction(() => {
      for (const [statement, ...values] of sql) file.prepare(statement).run(...values);
    })
    .immediate();
}

async function turn(): Promise<void> {
  const work = await anyWork().catch(() => undefined);
  if (work === undefined) reopen();
  else await write(work);
}

async function write(work: Work & { readonly table: CacheTable }): Promise<void> {
  // Of several changes of a key in one transaction only the last is ever seen.
  const last = new Map(work.changes);
  const keys = work.table.served.flatMap(({ prefix }) =>
    [...last].map(([key, value]): Change => [prefix + key, value]),
  );
  if (await journal.note({ keys }, () => { run(work); }, refused)) return; // prettier-ignore
  reopen();
}

function reopen(): void {
  db?.close();
  db = undefined;
}

async function main(): Promise<void> {
  await fillAll(heldKey, heldSlot);
  await fillAll(stillKey, null);
  await writeUntilTold(pace, turn);
  await fillAll(`${round}-1`, heldSlot, heldKey);
  db?.close();
  journal.close();
}

void main();
