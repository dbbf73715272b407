import { readFileSync } from 'node:fs';

import { describeError } from '../../foundation/errors';
import { freePort } from './ask-redis';

const ATTEMPTS = 5;

/** The last run's port, as a file says; undefined: it says none. */
export function recordedPort(file: string): number | undefined {
  try {
    const port = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
  } catch {
    return undefined;
  }
}

export interface PortOptions {
  /** The server's name, for the log. */
  readonly server: string;
  /** The port; undefined: the one of the last run if it is free, so that clients find the server again; else any. */
  readonly wanted: number | undefined;
  readonly last: number | undefined;
  readonly log: (message: string) => void;
}

/** Launches a server on a port. @param launch throws E_PORT_IN_USE if another program has the port */
export async function launchOnPort<T>(
  { server, wanted, last, log }: PortOptions,
  launch: (port: number) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const port = wanted ?? (attempt === 1 ? last : undefined) ?? (await freePort());
    try {
      return await launch(port);
    } catch (error) {
      // The port was free a moment ago, or during the last run: another program was quicker.
      const taken = describeError(error).code === 'E_PORT_IN_USE';
      if (!taken || wanted !== undefined || attempt === ATTEMPTS) throw error;
      log(`Another program has port ${port}: ${server} takes another one`);
    }
  }
}
