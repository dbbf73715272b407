import { join } from 'node:path';

import { describeError } from '../../foundation/errors';
import { readAsset } from '../../foundation/package-root';
import type { EmbeddedPostgres } from './postgres';
import { type DatabaseAccess, query } from './postgres-database';
import { newPassword, readSecret, writeSecret } from '../../foundation/secret';

/**
 * Owns the database and everything in it, and is no superuser: who has its password cannot run programs as the server's user
 * (COPY … PROGRAM), nor read its files.
 */
const OWNER = 'millrace_owner';
/** Of those who are told apart by their password alone: no such role, another password. */
const UNKNOWN = /^28/;

const passwordFile = (dataDir: string): string => join(dataDir, 'password');

export interface OwnerAccess extends DatabaseAccess {
  /** With the password. */
  readonly url: string;
  /** Where the password is kept. */
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
 * The access for everybody but administrators. Data of a version that worked as superuser are handed over, at the first start: the
 * role, then everything in one transaction. Whatever of it was interrupted is done again.
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
      readAsset('src/embedded/postgres/give-to-owner.sql').replaceAll(':owner', OWNER),
    );
  }
  return {
    ...access,
    url: `postgres://${OWNER}:${password}@${host}:${port}/${database}`,
    passwordFile: file,
  };
}
