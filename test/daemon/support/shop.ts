import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { type CliRun, startCli } from '../../support/cli';
import { runCli } from '../../support/run-cli';
import { testRedis, type TestRedis } from '../../support/stores';
import { temporaryFolder } from '../../support/temporary-folder';

const shop = `CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, category_id INTEGER);
  CREATE INDEX products_category ON products (category_id);
  CREATE TABLE categories (id INTEGER PRIMARY KEY, name TEXT);
  INSERT INTO categories VALUES (1, 'tools'), (2, 'toys');
  INSERT INTO products VALUES (1, 'hammer', 1), (2, 'saw', 1), (3, 'ball', 2);`;

export const product = 'product: { from: products, key: "product:{id}", json: [id, name] }';
export const card = `card:
    key: "card:{id}"
    hash: [name, category]
    ttl: 3600
    sql: SELECT p.id, p.name, c.name AS category FROM products p JOIN categories c ON c.id = p.category_id WHERE p.id IN keys
    watch: { products: id, categories: "SELECT id FROM products WHERE category_id IN keys" }`;

interface Shop {
  readonly db: Database.Database;
  /** Where the documents are. */
  readonly file: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly write: (...documents: readonly string[]) => void;
  readonly daemon: (environment?: Readonly<Record<string, string>>) => CliRun;
  readonly millrace: (...args: readonly string[]) => ReturnType<typeof runCli>;
}

/** A Redis that each test finds empty, and shops of three products in two categories. Call it once a test file. */
export function useShops() {
  const folder = temporaryFolder();
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await testRedis();
  });
  beforeEach(() => redis.client.flushall());
  return {
    folder,
    redis: () => redis.client,
    /** A folder with the shop's file and these documents; and what can be done there. */
    shopWith: (name: string, ...documents: readonly string[]): Shop => {
      const work = join(folder, name);
      mkdirSync(work);
      const path = join(folder, `${name}.db`);
      const db = new Database(path);
      db.pragma('journal_mode = WAL');
      db.exec(shop);
      const file = join(work, 'millrace.yaml');
      const write = (...these: readonly string[]) => {
        writeFileSync(file, ['version: 1', 'documents:', ...these.map((one) => `  ${one}`), ''].join('\n'));
      };
      write(...documents);
      const settings = { REDIS_URL: redis.url, DB_PATH: path, HTTP_PORT: '0', MILLRACE_ONLY: 'aliases' };
      return {
        ...{ db, write, file, settings },
        daemon: (environment = {}) => startCli(['run'], { ...settings, ...environment }, work),
        millrace: (...args: readonly string[]) => runCli(args, settings, work),
      };
    },
  };
}

export const stop = async (daemon: CliRun) => {
  daemon.child.kill('SIGTERM');
  expect((await daemon.ended).code).toBe(0);
};
