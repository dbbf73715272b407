import { join } from 'node:path';

import { describeError } from '../../foundation/errors';
import { readSql } from '../../foundation/package-root';
import type { EmbeddedPostgres } from './postgres';
import { type DatabaseAccess, query } from './postgres-database';
import { newPassword, readSecret, writeSecret } from '../../foundation/secret';

/**
 * The role that owns the database and everything in it. It is no superuser: whoever has its password can neither run programs as the
 * server's user (COPY … PROGRAM) nor read that user's files.
 */
const OWNER = 'millrace_owner';
/** SQLSTATEs that mean: no such role, or another password. */
const UNKNOWN = /^28/;

const passwordFile = (dataDir: string): string => join(dataDir, 'password');

export interface OwnerAccess extends DatabaseAccess {
  /** The URL with the password. */
  readonly url: string;
  /** The file that keeps the password. */
  readonly passwordFile: string;
}

async function owns(access: DatabaseAccess, database: string): Promise<boolean> {
  const mine =
    'SELECT pg_get_userbyid(datdba) = current_user AS mine FROM pg_database WHERE datname = current_database()';
  try {
    return (await query(access, database, mine))[0]?.['mine'] === true;
  } catch (error) {
    if (UNKNOWN.test(describeError(error).code)) return false;
    throw error;
  }
}

/**
 * The access for everybody but administrators. Data of a version that worked as superuser are handed over at the first start: the role is
 * made, then everything is given to it in one transaction. If that is interrupted, the next start does it again.
 */
export async function ensureOwner(postgres: EmbeddedPostgres): Promise<OwnerAccess> {
  const { host, port, database, dataDir } = postgres;
  const file = passwordFile(dataDir);
  const kept = readSecret(file);
  const password = kept ?? newPassword();
  if (kept === undefined) writeSecret(file, `${password}\n`);
  const access = { host, port, user: OWNER, password };
  if (!(await owns(access, database))) {
    const [role] = await query(postgres, database, `SELECT FROM pg_roles WHERE rolname = '${OWNER}'`);
    const verb = role === undefined ? 'CREATE' : 'ALTER';
    const rights = 'LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS';
    await query(postgres, database, `${verb} ROLE ${OWNER} ${rights} PASSWORD '${password}'`);
    await query(
      postgres,
      database,
      readSql('src/embedded/postgres/give-to-owner.sql').replaceAll(':owner', OWNER),
    );
  }
  return {
    ...access,
    url: `postgres://${OWNER}:${password}@${host}:${port}/${database}`,
    passwordFile: file,
  };
}
