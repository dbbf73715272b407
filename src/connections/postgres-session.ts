/**
 * What a server, database or role may have set otherwise and our statements depend on: how values are read and printed, whether NULL is
 * one in an array, how catalogue functions quote names, whether triggers fire and errors end the session.
 */
const pinned = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  extra_float_digits: '1', // as many digits as a number has
  bytea_output: 'hex',
  array_nulls: 'on',
  standard_conforming_strings: 'on',
  transform_null_equals: 'off',
  quote_all_identifiers: 'off',
  row_security: 'on',
  exit_on_error: 'off',
  // Foreign keys and our own triggers fire only so: without them orphans would be archived. A role that may not set it is told
  // by the error.
  session_replication_role: 'origin',
  // A server that does not wait for its disk is overruled: the only other copy of what we commit is in Redis' memory.
  synchronous_commit: 'on',
  transaction_timeout: '0',
} as const;

const limits = {
  statement_timeout: '1min',
  lock_timeout: '10s',
  idle_in_transaction_session_timeout: '30s',
} as const;

/** For the rest of the transaction. What the server does not know, or has so already, is left alone. */
const setting = (values: Readonly<Record<string, string>>): string => {
  const rows = Object.entries(values).map(([name, value]) => `('${name}', '${value}')`);
  return `SELECT pg_catalog.count(pg_catalog.set_config(name, value, true)) FROM (VALUES ${rows.join(', ')}) AS pinned (name, value)
WHERE pg_catalog.current_setting(name, true) <> value`;
};

/** Pins what our statements depend on, inside of a transaction with limits of its own. */
export const pins = setting(pinned);

/**
 * Begins a transaction that depends on nobody's settings. No session state: behind PgBouncer the next transaction may run in another
 * session. A deferred constraint would fail at the COMMIT, where nobody can tell which record it was.
 */
export const begin = (isolation = 'READ COMMITTED'): string =>
  `BEGIN ISOLATION LEVEL ${isolation}; ${setting({ ...pinned, ...limits })}; SET CONSTRAINTS ALL IMMEDIATE`;
