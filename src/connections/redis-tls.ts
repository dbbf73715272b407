import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describeError, fatal } from '../foundation/errors';
import type { RedisTarget } from './redis-url';
import { tlsFailure, tlsOptions } from './tls';

const wrongScheme = ({ tls, display }: RedisTarget) =>
  fatal(`Redis at ${display} ${tls ? 'does not speak' : 'speaks'} TLS on this port`, {
    code: 'E_REDIS_TLS',
    hint: tls
      ? 'Let REDIS_URL name the TLS port (`tls-port` in redis.conf), or write redis:// for a connection that is not encrypted.'
      : 'Write rediss:// in REDIS_URL; for a private authority set REDIS_CA_FILE.',
  });

/** Explains a failure for which TLS is the reason; undefined: it is not. */
export function explainRedisTls(error: unknown, target: RedisTarget) {
  if (!target.tls) return undefined;
  const failure = tlsFailure(error, {
    ca: 'REDIS_CA_FILE',
    clientCertificate: 'set REDIS_CERT_FILE and REDIS_KEY_FILE',
  });
  if (failure === undefined) return undefined;
  if (failure === 'plain') return wrongScheme(target);
  return fatal(`Redis at ${target.display}: no TLS connection, ${failure.reason}`, {
    code: 'E_REDIS_TLS',
    hint: failure.hint,
  });
}

/** Whether nobody listens at the address, or the name is not known. */
const isNobodyThere = (error: unknown): boolean =>
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/.test(describeError(error).code);

const probeMs = 1_000;

/** What became of a TLS connection over which we sent nothing. */
type Silence =
  { readonly outcome: 'secure' | 'unanswered' } | { readonly outcome: 'failed'; readonly error: unknown };

/**
 * Finds out whether TLS is the reason when a first connection fails without one. Redis hangs up on plain commands if it expects TLS;
 * silently waits for more if it does not and gets a TLS handshake; and may hang up before its refusal of a client certificate is read.
 * Sends nothing secret. @returns the explanation; undefined: TLS is not the reason
 */
export async function probeTls(target: RedisTarget, failure: unknown): Promise<unknown> {
  if (isNobodyThere(failure)) return undefined;
  const silence = await beSilent(target);
  if (target.tls) {
    if (silence.outcome === 'failed') return explainRedisTls(silence.error, target);
    return silence.outcome === 'unanswered' && (await answersPlainly(target))
      ? wrongScheme(target)
      : undefined;
  }
  if (silence.outcome !== 'failed') return silence.outcome === 'secure' ? wrongScheme(target) : undefined;
  // A server that shows a certificate we do not trust, or asks for ours, does speak TLS.
  const unspoken = /^(E[A-Z]+$|ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG))/;
  return unspoken.test(describeError(silence.error).code) ? undefined : wrongScheme(target);
}

function beSilent({ host, port, certificates }: RedisTarget): Promise<Silence> {
  return new Promise((resolve) => {
    let secure = false;
    const socket = connectTls({ host, port, ...tlsOptions(host, certificates) });
    const settle = (silence: Silence): void => {
      clearTimeout(timer);
      resolve(silence);
      socket.destroy();
    };
    const timer = setTimeout(() => settle({ outcome: secure ? 'secure' : 'unanswered' }), probeMs);
    // Not settled yet: in TLS 1.3 the server judges our certificate only after this.
    socket.on('secureConnect', () => (secure = true));
    socket.on('error', (error) => settle({ outcome: 'failed', error }));
    socket.on('close', () => settle({ outcome: secure ? 'secure' : 'unanswered' }));
  });
}

function answersPlainly({ host, port }: RedisTarget): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => socket.write('PING\r\n'));
    const settle = (answers: boolean): void => {
      clearTimeout(timer);
      resolve(answers);
      socket.destroy();
    };
    const timer = setTimeout(() => settle(false), probeMs);
    socket.on('data', (data: Buffer) => settle(/^[+-]/.test(data.toString('latin1'))));
    socket.on('error', () => settle(false));
    socket.on('close', () => settle(false));
  });
}
