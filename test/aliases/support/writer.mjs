/**
 * node writer.mjs: an application that writes to SQLite files. Each line of its stdin is one task,
 * {path, attached, foreignKeys, units}; each line of its stdout says how many statements of it succeeded.
 */
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const Database = createRequire(import.meta.url)('better-sqlite3');

function perform({ path, attached, foreignKeys, units }) {
  const db = new Database(attached ? ':memory:' : path);
  if (attached) db.prepare('ATTACH ? AS other').run(path);
  db.pragma(`foreign_keys = ${foreignKeys ? 'ON' : 'OFF'}`);
  let succeeded = 0;
  for (const sql of units.flatMap((unit) => [...unit, 'end'])) {
    try {
      if (sql !== 'end') {
        db.exec(sql);
        succeeded++;
      } else if (db.inTransaction) db.exec('ROLLBACK');
    } catch (error) {
      // A constraint may stand in the way; a busy database may not.
      if (/busy|locked/i.test(String(error))) throw error;
    }
  }
  db.close();
  return succeeded;
}

for await (const line of createInterface(process.stdin)) console.log(perform(JSON.parse(line)));
