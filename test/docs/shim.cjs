#!/usr/bin/env node
/* global process, console, fetch, __dirname */
// Stands in for a program that a shell block of the docs calls, so that the block runs on any machine: it is called by the name of
// the program, and does what the docs use of it. What it does not know fails, and so does the block.
const { spawn } = require('node:child_process');
const { readFileSync } = require('node:fs');
const { basename, join } = require('node:path');

const root = join(__dirname, '..', '..');
const cli = join(root, 'dist', 'src', 'cli.js');
const [program, ...args] = [basename(process.argv[1]), ...process.argv.slice(2)];
const refuse = (why) => {
  console.error(`${program} ${args.join(' ')}: ${why}`);
  process.exit(99);
};

/** Runs Node; a daemon is stopped as by Ctrl+C when its first passes are complete. */
function node(file, rest, daemon) {
  const child = spawn(process.execPath, [file, ...rest], { stdio: ['inherit', 'pipe', 'inherit'] });
  let output = '';
  let stopped = false;
  child.stdout.on('data', (chunk) => {
    process.stdout.write(chunk);
    output += chunk;
    if (!stopped && daemon?.test(output)) stopped = child.kill('SIGINT');
  });
  child.on('close', (code) => (process.exitCode = code ?? 1));
}

const isDaemon = (rest) =>
  (rest.length === 0 || rest[0] === 'run' || rest[0].startsWith('--')) &&
  !rest.some((one) => ['--once', '--help', '--version'].includes(one));

const programs = {
  millrace: (rest = args) => node(cli, rest, isDaemon(rest) ? /Sync [Cc]omplete/ : undefined),
  npx() {
    if (args[0] !== 'millrace') refuse('only millrace is known');
    programs.millrace(args.slice(1));
  },
  /** Scripts of package.json: those that end are run, without what they install before. */
  npm() {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const [verb, ...rest] = args;
    const name = verb === 'run' ? rest.shift() : verb;
    const script = scripts[name];
    if (script === undefined) refuse('package.json has no such script');
    const [first, file, ...fixed] = script.split(' ');
    const given = rest.filter((one) => one !== '--');
    // The test suite and the bench are run by name elsewhere, and set-up has been done.
    if (first === 'node' && file === 'dist/src/cli.js')
      node(cli, [...fixed, ...given], name === 'start' ? /Stop with Ctrl/ : undefined);
  },
  'redis-cli'() {
    const Redis = require('ioredis');
    const client = new Redis(process.env.REDIS_URL);
    // `millrace redis-cli` says where first: -h host -p port -n db
    const command = args[0] === '-h' ? args.slice(6) : args;
    client
      .call(...command)
      .then(
        (reply) => console.log(reply),
        (error) => refuse(error.message),
      )
      .finally(() => client.disconnect());
  },
  psql() {
    const { Client } = require('pg');
    const statements = args.flatMap((arg, index) => {
      if (args[index - 1] === '-c') return [arg];
      return args[index - 1] === '-f' ? [readFileSync(arg, 'utf8')] : [];
    });
    const client = new Client({ connectionString: process.env.POSTGRES_URL });
    client
      .connect()
      .then(() => client.query(statements.length > 0 ? statements.join(';\n') : readFileSync(0, 'utf8')))
      .then(
        (result) => console.log([result].flat().at(-1).rows),
        (error) => refuse(error.message),
      )
      .finally(() => client.end());
  },
  sqlite3() {
    const Database = require('better-sqlite3');
    const db = new Database(args[0]);
    const sql = args[1];
    if (/^\.backup/.test(sql)) db.backup(sql.slice(8).replaceAll("'", '').trim()).then(() => db.close());
    else if (/^\s*(SELECT|PRAGMA)/i.test(sql)) console.log(db.prepare(sql).all());
    else db.exec(sql);
  },
  curl() {
    const url = args.find((arg) => /^https?:/.test(arg)) ?? refuse('no address');
    const headers = Object.fromEntries(
      args.flatMap((arg, at) => (args[at - 1] === '-H' ? [arg.split(/: */, 2)] : [])),
    );
    const after = (flag) => args[args.indexOf(flag) + 1];
    const method = args.includes('-X') ? after('-X') : args.includes('-d') ? 'POST' : 'GET';
    const body = args.includes('-d') ? after('-d') : undefined;
    fetch(url, { method, headers, body }).then(
      async (response) => {
        console.log(await response.text());
        if (!response.ok) refuse(String(response.status));
      },
      (error) => refuse(error.message),
    );
  },
};

(programs[program] ?? (() => refuse('unknown')))();
