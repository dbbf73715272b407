import { execFileSync } from 'node:child_process';

const script = `
const db = new (require('better-sqlite3'))(process.argv[1], { timeout: 5000 });
for (const sql of JSON.parse(process.argv[2])) db.exec(sql);
db.close();`;

/** Runs SQL statements in another process, one transaction each unless they say otherwise. @throws when one fails. */
export function writeElsewhere(path: string, ...statements: readonly string[]): void {
  execFileSync(process.execPath, ['-e', script, path, JSON.stringify(statements)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}
