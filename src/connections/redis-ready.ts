import type Redis from 'ioredis';

type Done = (error: Error | null | undefined, facts?: object) => void;

/**
 * Replaces ioredis' ready check. That one waits as long as a server loads its data, so that a connect never settles, and prints the
 * error that a user without the right to INFO gets; such a user gets that error from the first command that needs the right.
 */
export function askWhetherReady(client: Redis): void {
  const check = (done: Done): void => {
    client
      .info((error, info) => {
        if (error?.message.includes('NOPERM')) done(null, {});
        else if (/^loading:1/m.test(info ?? '')) done(new Error('LOADING'));
        else done(error, {});
      })
      .catch(() => undefined); // the callback has got the error
  };
  Object.assign(client, { _readyCheck: check });
}
