import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { RedisTarget } from './redis-url';
import { tlsOptions } from './tls';

const probeMs = 1_000;

/**
 * After a first connection that came to nothing: does the server speak TLS where it was addressed in plain, or the other way
 * round? Neither side says so by itself: Redis hangs up on one and waits in silence for more of the other. Sends no secret.
 */
export function speaksTheOther({ host, port, tls }: RedisTarget): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = tls ? connect(port, host) : connectTls({ host, port, ...tlsOptions(host, undefined) });
    const settle = (speaks: boolean): void => {
      clearTimeout(timer);
      resolve(speaks);
      socket.destroy();
    };
    const timer = setTimeout(() => settle(false), probeMs);
    socket.on('close', () => settle(false));
    if (tls) {
      socket.on('error', () => settle(false));
      socket.on('connect', () => socket.write('PING\r\n'));
      socket.on('data', (data: Buffer) => settle(/^[+-]/.test(data.toString('latin1'))));
      return;
    }
    // Whoever shows a certificate speaks TLS, whether we would trust it or not; so does one who wants to see ours.
    socket.on('secureConnect', () => settle(true));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      settle(!/^(E[A-Z]+$|ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG))/.test(error.code ?? '')),
    );
  });
}
