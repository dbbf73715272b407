import { describeError, fatal, MillraceError, retryable } from '../../foundation/errors';
import { localFault } from '../../foundation/local-fault';
import { explainPostgresTls } from './postgres-tls';

/** The error's SQLSTATE, if Postgres sent one. */
export function sqlState(error: unknown): string | undefined {
  const { code } = describeError(error);
  return /^[0-9A-Z]{5}$/.test(code) && 'severity' in (error as object) ? code : undefined;
}

interface Remedy {
  readonly state: RegExp;
  /** Only errors whose message matches. */
  readonly message?: RegExp;
  readonly kind: 'retryable' | 'fatal';
  readonly code: string;
  readonly hint: string;
}

/** What to do about errors of Postgres, or of a pooler before it. The first that matches counts. */
const remedies: readonly Remedy[] = [
  { state: /^28/, kind: 'fatal', code: 'E_PG_AUTH', hint: 'Correct user and password in POSTGRES_URL, or allow them in pg_hba.conf.' }, // prettier-ignore
  { state: /^(3D000|57P04)/, kind: 'fatal', code: 'E_PG_DATABASE', hint: 'Create the database (CREATE DATABASE …), or correct the end of POSTGRES_URL.' }, // prettier-ignore
  { state: /^42501/, message: /session_replication_role/, kind: 'fatal', code: 'E_PG_GRANT', hint: 'It is set for the role or the database, and switches foreign keys off: ALTER ROLE … RESET session_replication_role.' }, // prettier-ignore
  { state: /^42501/, kind: 'fatal', code: 'E_PG_GRANT', hint: '`millrace doctor` lists the grants that are missing.' }, // prettier-ignore
  { state: /^(42|3F|0A)/, kind: 'fatal', code: 'E_PG_SCHEMA', hint: 'Run `millrace migrate`; it says what does not fit, and the statement that mends it.' }, // prettier-ignore
  { state: /^25006/, kind: 'retryable', code: 'E_PG_READ_ONLY', hint: 'Let POSTGRES_URL name the primary, with a role that may write.' }, // prettier-ignore
  { state: /^53100/, kind: 'retryable', code: 'E_PG_DISK', hint: 'Free space on the disk of Postgres; Millrace goes on by itself.' }, // prettier-ignore
  { state: /^53300/, kind: 'retryable', code: 'E_PG_CONNECTIONS', hint: 'Raise max_connections, or close other clients.' }, // prettier-ignore
  { state: /^08/, message: /no more connections|max_\w*conn|too many/i, kind: 'retryable', code: 'E_PG_CONNECTIONS', hint: 'Raise the limit of the pooler (max_client_conn, default_pool_size), or close other clients.' }, // prettier-ignore
  { state: /^08/, message: /startup parameter/, kind: 'fatal', code: 'E_PG_SCHEMA', hint: 'The pooler takes no such parameter: leave it out of POSTGRES_URL (a search_path may be set for the role: ALTER ROLE … SET search_path), or allow it by ignore_startup_parameters.' }, // prettier-ignore
  { state: /^53200/, kind: 'retryable', code: 'E_PG', hint: 'Postgres has too little memory; Millrace goes on by itself.' }, // prettier-ignore
  { state: /^(40|55P03|57014)/, kind: 'retryable', code: 'E_PG_BUSY', hint: 'Another session holds a lock; Millrace tries again.' }, // prettier-ignore
  { state: /^57P03/, kind: 'retryable', code: 'E_PG_UNREACHABLE', hint: 'It is starting, stopping or recovering; Millrace goes on by itself when it takes connections.' }, // prettier-ignore
  { state: /^57P0[15]/, kind: 'retryable', code: 'E_PG_UNREACHABLE', hint: 'It is being stopped or restarted, or somebody ended our sessions; Millrace connects again by itself.' }, // prettier-ignore
  { state: /^57P/, kind: 'retryable', code: 'E_PG_UNREACHABLE', hint: 'Look at the log of Postgres; Millrace connects again by itself.' }, // prettier-ignore
  { state: /^(58|XX)/, kind: 'retryable', code: 'E_PG', hint: 'Look at the log of Postgres; Millrace tries again.' }, // prettier-ignore
  { state: /^08/, kind: 'retryable', code: 'E_PG_UNREACHABLE', hint: 'The server, or a pooler before it, answers and refuses: the message is its own.' }, // prettier-ignore
];

/** Explains an error, and what to do. Messages of Postgres never hold the password; messages about data may hold contents, and are cut. */
export function translatePostgres(error: unknown, where: string): unknown {
  if (error instanceof MillraceError) return error;
  const state = sqlState(error);
  const insecure = explainPostgresTls(error, state, where);
  if (insecure !== undefined) return insecure;
  if (state === undefined) return withoutState(error, where);
  const { message } = describeError(error);
  const remedy = remedies.find((one) => one.state.test(state) && (one.message?.test(message) ?? true));
  const details = { code: remedy?.code ?? 'E_PG', cause: error };
  const text = `Postgres at ${where}: ${message.slice(0, 300)} (SQLSTATE ${state})`;
  if (remedy === undefined) return retryable(text, details);
  return (remedy.kind === 'fatal' ? fatal : retryable)(text, { ...details, hint: remedy.hint });
}

/** Errors of the socket, and pg's messages when it ends. */
const unreachable =
  /^(E[A-Z_]+ |getaddrinfo |connect |read |write )|^(Connection (terminated|ended)|timeout expired|Client (was closed|has encountered a connection error)|socket hang up|This socket|Cannot call write|write after end|Client network socket disconnected)/;
/** Messages of pg's parser about answers that do not come from a Postgres. */
const foreign =
  /invalid response|unknown message|Unknown authenticationOk|error establishing an SSL connection|Invalid (buffer|message)|out of range/i;

function withoutState(error: unknown, where: string): MillraceError {
  const { message, code } = describeError(error);
  const local = localFault(error, `Postgres at ${where}`);
  if (local !== undefined) return local;
  if (/^SASL: .*password must be/.test(message))
    return fatal(`Postgres at ${where} wants a password, and none is given`, {
      code: 'E_PG_AUTH',
      cause: error,
      hint: 'Put user and password into POSTGRES_URL, or allow the role without one in pg_hba.conf.',
    });
  if (/^(E[A-Z0-9]+|ERR_(SOCKET|STREAM)\w*)$/.test(code) || unreachable.test(message))
    return retryable(`Cannot connect to Postgres at ${where}: ${message || code}`, {
      code: 'E_PG_UNREACHABLE',
      cause: error,
      hint: 'Ensure the Postgres server is running and that POSTGRES_URL names it; `millrace run --embedded` starts one.',
    });
  if (foreign.test(message))
    return retryable(`What answers at ${where} is not Postgres: ${message.slice(0, 100)}`, {
      code: 'E_PG_UNREACHABLE',
      cause: error,
      hint: 'Let POSTGRES_URL name host and port of the Postgres server.',
    });
  return retryable(`Postgres at ${where}: ${message.slice(0, 300)}`, { code: 'E_PG', cause: error });
}
