import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { hostName, isLoopback, isOurName } from '../control/hosts';
import { badRequest, RefusedRequest } from './refusal';

export interface GuardOptions {
  /** The address that the daemon listens on (HTTP_HOST). */
  readonly host: string;
  /** undefined: nothing can be changed over HTTP. */
  readonly token: string | undefined;
  /** Further names by which clients may call this daemon, in lower case. */
  readonly allowedHosts: readonly string[];
}

/** How many wrong tokens an address may send in a minute before it has to wait; the right token is let through all the same. */
const guesses = 10;
const windowMs = 60_000;
/** How many addresses are remembered; an attacker with more still has no token. */
const remembered = 1_000;

const howToSet = 'Set MILLRACE_TOKEN for the daemon (`openssl rand -hex 24` makes one) and restart it.';

/** Decides who may ask for what; throws a RefusedRequest at others. */
export type Guard = ReturnType<typeof createGuard>;

export function createGuard({ host, token, allowedHosts }: GuardOptions, now = Date.now) {
  const failures = new Map<string, number>();
  let windowStart = now();

  /** Refuses names that are not ours, against DNS rebinding. Every browser sends the header. */
  function checkHost({ headers }: FastifyRequest): void {
    if (headers.host === undefined) return;
    const name = hostName(headers.host);
    if (name !== undefined && isOurName(name, host, allowedHosts)) return;
    throw new RefusedRequest(
      403,
      `this daemon is not asked by the name ${JSON.stringify(headers.host.slice(0, 80))}`,
      {
        code: 'E_HTTP_HOST',
        hint: 'Use localhost or an address, or put the name into HTTP_ALLOWED_HOSTS.',
      },
    );
  }

  /** Refuses requests that a page of another site makes a browser send; a person's click on a link is answered. */
  function checkOrigin({ headers }: FastifyRequest): void {
    const site = headers['sec-fetch-site'] ?? 'none';
    const { origin } = headers;
    const own = origin === undefined || (URL.canParse(origin) && new URL(origin).host === headers.host);
    if ((site === 'none' || site === 'same-origin') && own) return;
    throw new RefusedRequest(403, 'another site’s page may not ask this daemon', {
      code: 'E_HTTP_ORIGIN',
      hint: 'Open the dashboard by its own address.',
    });
  }

  /** Whether a request has the token. It counts even if its address has sent too many wrong ones, for others may share the address. */
  function hasToken({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
    const given = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
    return token !== undefined && given !== undefined && same(given.trim(), token);
  }

  function countFailure(ip: string): void {
    if (now() - windowStart >= windowMs || failures.size >= remembered) {
      failures.clear();
      windowStart = now();
    }
    const failed = failures.get(ip) ?? 0;
    if (failed >= guesses) {
      throw new RefusedRequest(429, 'too many wrong tokens; wait a minute', { code: 'E_HTTP_ATTEMPTS' });
    }
    failures.set(ip, failed + 1);
  }

  function checkToken({ headers, ip }: FastifyRequest): void {
    if (token === undefined) {
      throw new RefusedRequest(
        403,
        'this daemon has no token, so nobody but its own machine may look, and nobody change anything',
        {
          code: 'E_HTTP_NO_TOKEN',
          hint: howToSet,
        },
      );
    }
    if (hasToken({ headers })) return;
    if (headers.authorization !== undefined) countFailure(ip);
    throw new RefusedRequest(
      401,
      headers.authorization === undefined ? 'this needs the token' : 'the token is wrong',
      {
        code: 'E_HTTP_TOKEN',
        hint: 'Send MILLRACE_TOKEN of the daemon as `Authorization: Bearer …`.',
      },
    );
  }

  /** Whether a request comes from the daemon's own machine, by one of its own names: then it may look without the token. */
  const isLocal = ({ headers, socket }: FastifyRequest): boolean =>
    isLoopback(hostName(headers.host) ?? '') && isLoopback(socket.remoteAddress ?? '');

  const hook =
    (...checks: readonly ((request: FastifyRequest) => void)[]) =>
    (request: FastifyRequest, _reply: unknown, done: () => void) => {
      for (const check of checks) check(request);
      done();
    };
  return {
    /** Whether anything can be changed at all. */
    actions: token !== undefined,
    isLocal,
    hasToken,
    checkHost,
    /** Hooks for `onRequest`, which run before the body is read. `own`: any page of ours. */
    own: hook(checkOrigin),
    /** For answers with data: keys of records, texts of errors, incidents. */
    reading: hook(checkOrigin, (request) => {
      if (!isLocal(request)) checkToken(request);
    }),
    changing: hook(checkOrigin, checkToken, checkJson),
  };
}

/** Requires JSON, even for an action without parameters: a form of another site cannot send that content type. */
function checkJson({ headers }: FastifyRequest): void {
  if (/^application\/json\b/i.test(headers['content-type'] ?? '')) return;
  const hint = 'Send it with Content-Type: application/json; {} will do.';
  throw badRequest('the body must be JSON', hint, 415);
}

/** Compares two texts. The time it takes reveals nothing of them, not even a length. */
function same(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
