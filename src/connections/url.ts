/** The parts of a connection URL, decoded. Absent parts are undefined; an absent host is ''. */
export interface UrlParts {
  /** The scheme in lower case, without the colon. */
  readonly scheme: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly host: string;
  readonly port: number | undefined;
  /** The path without its first slash. */
  readonly path: string | undefined;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Parameters by name: `read` if the caller understands it; else a text, to be put after a colon, that says what to do instead. */
export type Parameters = Readonly<Record<string, 'read' | (string & {})>>;

/** @param fates by what becomes of parameters (see `Parameters`): their names, with white space between */
export const parameters = (fates: Readonly<Record<string, string>>): Parameters =>
  Object.fromEntries(
    Object.entries(fates).flatMap(([fate, names]) => names.split(/\s+/).map((name) => [name, fate])),
  );

/**
 * Splits a URL where RFC 3986 does; a part that would be silently ignored is refused. (The WHATWG's parser, which is made for browsers,
 * drops or moves what it does not expect.)
 *
 * A string says what is wrong. It quotes only names out of `known`, for in a malformed URL the password may be in any part
 * (`redis://user:12/3@host`). A password that was not encoded leaves an @ after the host, which is therefore refused everywhere.
 */
export function splitUrl(text: string, known: Parameters): UrlParts | string {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?(#.*)?$/is.exec(text.trim());
  if (match === null) return 'is not a URL';
  const [, scheme = '', authority = '', path, query, fragment] = match;
  if (/\p{Cc}/u.test(text.trim())) return 'holds a control character or a line break: percent-encode it';
  if (`${path ?? ''}${query ?? ''}${fragment ?? ''}`.includes('@'))
    return 'has an @ after the host: a / ? # in a user or password is written %2F %3F %23, and an @ elsewhere %40';
  if (fragment !== undefined) return 'has a fragment: write # as %23';
  const at = authority.lastIndexOf('@');
  const [user, password] = at < 0 ? [] : cutAt(authority.slice(0, at), ':');
  const address = addressIn(authority.slice(at + 1));
  if (typeof address === 'string') return address;
  const parameters = parametersIn(query ?? '', known);
  if (typeof parameters === 'string') return parameters;
  const parts = { user, password, host: address.host, 'database name': path };
  const decoded: Record<string, string> = {};
  for (const [name, part] of Object.entries(parts)) {
    if (part === undefined || part === '') continue;
    const plain = decode(part);
    if (plain === undefined) return `has a ${name} that is not percent-encoded: write % as %25`;
    decoded[name] = plain;
  }
  return {
    scheme: scheme.toLowerCase(),
    user: decoded['user'],
    password: decoded['password'],
    host: decoded['host'] ?? '',
    port: address.port,
    path: decoded['database name'],
    parameters,
  };
}

function addressIn(text: string): { readonly host: string; readonly port: number | undefined } | string {
  if (text.includes(',')) return 'names several hosts: write one, that of the primary';
  const match = /^(\[[^[\]]*\]|[^:[\]]*)(?::([^:]*))?$/.exec(text);
  if (match === null) return 'has a host that is not understood: write an IPv6 address as [::1]';
  const [, host = '', port] = match;
  const plain = host.replace(/^\[|\]$/g, '');
  if (/[\s\\<>"^`{|}]/.test(plain)) return 'has a host that is not understood';
  if (port === undefined) return { host: plain, port: undefined };
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  if (number < 1 || number > 65_535)
    return 'has a port that is not a number from 1 to 65535 (or a password without its @ and a host after it)';
  return { host: plain, port: number };
}

function parametersIn(query: string, known: Parameters): ReadonlyMap<string, string> | string {
  const read = Object.keys(known).filter((name) => known[name] === 'read');
  const parameters = new Map<string, string>();
  for (const [index, part] of query.split('&').entries()) {
    if (part === '') continue;
    const [rawName, rawValue = ''] = cutAt(part, '=');
    const name = decode(rawName) ?? '';
    const fate = Object.hasOwn(known, name) ? known[name] : undefined;
    if (fate === undefined)
      return `has a query parameter that is not known (number ${index + 1}); known are ${read.join(', ')}`;
    if (fate !== 'read') return `has the query parameter ${name}, which is not understood: ${fate}`;
    if (parameters.has(name)) return `has the query parameter ${name} twice`;
    // A + means a space, as Python's libraries and pg read and write it.
    const value = decode(rawValue.replaceAll('+', ' '));
    if (value === undefined) return `has a parameter ${name} that is not percent-encoded: write % as %25`;
    if (value === '') return `has an empty parameter ${name}: give it a value, or leave it out`;
    parameters.set(name, value);
  }
  return parameters;
}

/** A value that may be in the URL itself or in a parameter. `false`: both are given, and differ. */
export function either(part: string | undefined, parameter: string | undefined): string | undefined | false {
  if (part === undefined || parameter === undefined) return part ?? parameter;
  return part === parameter ? part : false;
}

function cutAt(text: string, separator: string): readonly [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(text: string): string | undefined {
  try {
    const plain = decodeURIComponent(text);
    return plain.includes('\0') ? undefined : plain;
  } catch {
    return undefined;
  }
}
