import type Redis from 'ioredis';

type Done = (error: Error | null | undefined, facts?: object) => void;

/**
 * Puts our own ready check in place of ioredis', which waits for as long as a server loads its data, so that a connect never settles,
 * and which prints what a server says to a user without INFO. Such a user is told by the first command that needs it.
 */
export function askWhetherReady(client: Redis): void {
  const check = (done: Done): void => {
    client
      .info((error, info) => {
        if (error?.message.includes('NOPERM')) done(null, {});
        else if (/^loading:1/m.test(info ?? '')) done(new Error('LOADING'));
        else done(error, {});
      })
      .catch(() => undefined); // told to the callback
  };
  Object.assign(client, { _readyCheck: check });
}
