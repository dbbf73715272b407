/**
 * node application.mjs: a program that has SQLite files open, in a process of its own. Each line of its stdin is one request,
 * {path, ask}; each line of its stdout answers one, as JSON.
 */
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const Database = createRequire(import.meta.url)('better-sqlite3');
const connections = new Map();

const asks = {
  open: (path) => {
    connections.set(path, new Database(path, { fileMustExist: true, timeout: 5_000 }));
    return null;
  },
  commit: (path, { sql }) => connections.get(path).exec(sql) && null,
  aliases: (path) => connections.get(path).prepare('SELECT alias FROM team_aliases ORDER BY 1').pluck().all(),
  check: (path) => connections.get(path).pragma('integrity_check', { simple: true }),
  close: (path) => connections.get(path).close() && null,
};

for await (const line of createInterface(process.stdin)) {
  const { path, ...request } = JSON.parse(line);
  try {
    console.log(JSON.stringify({ answer: asks[request.ask](path, request) }));
  } catch (error) {
    console.log(JSON.stringify({ failed: String(error) }));
  }
}
