import { quoteName } from '../record/target';
import { inFew } from '../../foundation/in-few';
import { oldestVersion, type SchemaFacts, type PostgresServer } from './facts';
import { latestMigration } from './migration-files';
import type { DueStep } from './plan';
import { grantProblem, type Problem, schemaProblem } from './problems';
import { skippedTarget } from './search-path';

/** The problems that make a server or database unfit before any table is looked at. Pure. */
export function serverProblems({ server, applied }: SchemaFacts): readonly Problem[] {
  if (server.versionNumber < oldestVersion) {
    return [
      {
        code: 'E_PG_VERSION',
        message: `Postgres ${server.version} is too old: Millrace needs 13 or newer`,
        hint: 'Upgrade the server, or let POSTGRES_URL name a newer one.',
      },
    ];
  }
  const problems: Problem[] = [];
  if (server.encoding !== 'UTF8') {
    problems.push({
      code: 'E_PG_ENCODING',
      message: `database ${server.database} has the encoding ${server.encoding}: it cannot hold every text of Redis`,
      hint: `CREATE DATABASE ${quoteName(`${server.database}_utf8`)} ENCODING 'UTF8' TEMPLATE template0; -- and let POSTGRES_URL name it`,
    });
  }
  problems.push(...readOnlyProblems(server), ...pathProblems(server));
  const newest = applied?.at(-1)?.number ?? 0;
  if (newest > latestMigration()) {
    problems.push({
      code: 'E_PG_NEWER',
      message: `a newer Millrace has migrated this database (to ${newest}; this one knows ${latestMigration()})`,
      hint: 'Install the newer version here too.',
    });
  }
  const target = applied?.at(-1)?.target;
  if (target !== undefined && server.schema !== null && target !== server.schema) {
    problems.push(
      schemaProblem(
        `the archive of this database is in schema ${target}, but search_path leads to ${server.schema}`,
        `ALTER ROLE ${quoteName(server.role)} IN DATABASE ${quoteName(server.database)} SET search_path = ${quoteName(target)}; -- or, if the schema was renamed: UPDATE millrace.migrations SET target = '${server.schema.replaceAll("'", "''")}';`,
      ),
    );
  }
  return problems;
}

function readOnlyProblems(server: PostgresServer): readonly Problem[] {
  const code = 'E_PG_READ_ONLY';
  if (server.standby) {
    const hint = 'Let POSTGRES_URL name the primary.';
    return [{ code, message: 'this server is a standby: it takes no writes', hint }];
  }
  if (!server.readOnly) return [];
  const hint = `ALTER ROLE ${quoteName(server.role)} IN DATABASE ${quoteName(server.database)} SET default_transaction_read_only = off;`;
  return [{ code, message: `transactions of role ${server.role} are read-only here`, hint }];
}

function pathProblems(server: PostgresServer): readonly Problem[] {
  const missing = skippedTarget(server);
  const named = missing ?? (server.schema === null ? 'public' : undefined);
  if (named === undefined) return [];
  const role = quoteName(server.role);
  return [
    schemaProblem(
      `search_path (${server.searchPath}) leads to schema ${named}, which does not exist or may not be used`,
      `CREATE SCHEMA IF NOT EXISTS ${quoteName(named)} AUTHORIZATION ${role}; GRANT USAGE, CREATE ON SCHEMA ${quoteName(named)} TO ${role};`,
    ),
  ];
}

/** The problems of missing rights on the database and on schemas, which the due steps or the daemon need. Pure. */
export function schemaGrantProblems(
  { server, own }: SchemaFacts,
  due: readonly DueStep[],
): readonly Problem[] {
  const role = quoteName(server.role);
  const problems: Problem[] = [];
  if (!server.mayCreateTemporary) {
    problems.push(
      grantProblem(
        `role ${server.role} may not make temporary tables in database ${server.database}`,
        `GRANT TEMPORARY ON DATABASE ${quoteName(server.database)} TO ${role};`,
      ),
    );
  }
  if (!server.hasOwnSchema) {
    if (!server.mayCreateSchema) {
      problems.push(
        grantProblem(
          `role ${server.role} may not create the schema millrace in database ${server.database}`,
          `CREATE SCHEMA millrace AUTHORIZATION ${role};`,
        ),
      );
    }
  } else {
    const creates = due.some(({ thing }) => /^\w+ millrace\./.test(thing));
    if (creates && !server.mayCreateInOwnSchema) {
      problems.push(
        grantProblem(
          `role ${server.role} may not create tables in the schema millrace`,
          `GRANT USAGE, CREATE ON SCHEMA millrace TO ${role};`,
        ),
      );
    } else if (!server.mayUseOwnSchema) {
      problems.push(
        grantProblem(
          `role ${server.role} may not use the schema millrace`,
          `GRANT USAGE ON SCHEMA millrace TO ${role};`,
        ),
      );
    }
    const unreachable = [...own.values()].filter((table) =>
      ['SELECT', 'INSERT', 'UPDATE', 'DELETE'].some((privilege) => !table.privileges.includes(privilege)),
    );
    if (unreachable.length > 0) {
      problems.push(
        grantProblem(
          `role ${server.role} may not read and write ${inFew(unreachable.map(({ name }) => `millrace.${name}`))}`,
          `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA millrace TO ${role};`,
        ),
      );
    }
  }
  const inTarget = due.some(({ thing }) => /^(table|index|range|identity) (?!millrace\.)/.test(thing));
  if (inTarget && server.schema !== null && !server.mayCreateTables) {
    problems.push(
      grantProblem(
        `role ${server.role} may not create tables and indexes in schema ${server.schema}`,
        `GRANT USAGE, CREATE ON SCHEMA ${quoteName(server.schema)} TO ${role};`,
      ),
    );
  }
  return problems;
}
