/**
 * Settings that our statements depend on, and that a server, database or role may have changed: how values are read and printed,
 * whether NULL in an array means NULL, how catalogue functions quote names, whether triggers fire, whether errors end the session.
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
  // Only with `origin` do foreign keys and our own triggers fire: without them orphans would be archived. A role that may not set it
  // gets an error that says so.
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

/** SQL that sets values for the rest of the transaction, but for settings that the server does not know or has so already. */
const setting = (values: Readonly<Record<string, string>>): string => {
  const rows = Object.entries(values).map(([name, value]) => `('${name}', '${value}')`);
  return `SELECT pg_catalog.count(pg_catalog.set_config(name, value, true)) FROM (VALUES ${rows.join(', ')}) AS pinned (name, value)
WHERE pg_catalog.current_setting(name, true) <> value`;
};

/** SQL that pins these settings inside a transaction which has time limits of its own. */
export const pins = setting(pinned);

/**
 * SQL that begins a transaction which depends on nobody's settings. It leaves no state in the session, for behind PgBouncer the next
 * transaction may run in another one. Constraints are made immediate: a deferred one would fail at COMMIT, without telling the record.
 */
export const begin = (isolation = 'READ COMMITTED'): string =>
  `BEGIN ISOLATION LEVEL ${isolation}; ${setting({ ...pinned, ...limits })}; SET CONSTRAINTS ALL IMMEDIATE`;
