import type { Socket } from 'node:net';
import type Redis from 'ioredis';

/**
 * ioredis listens to the first error of a socket alone. A second one, such as the alert that a TLS server sends when we have refused its
 * certificate, would end the process. To be called with each error of the client, and when it is closed.
 */
export function hearAllErrors(client: Redis): void {
  const { stream } = client as { readonly stream?: Socket };
  stream?.off('error', ignore).on('error', ignore);
}

const ignore = (): void => undefined;
