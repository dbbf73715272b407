import { readFileSync } from 'node:fs';

import { describeError } from '../../foundation/errors';
import { freePort } from './ask-redis';

const ATTEMPTS = 5;

/** What a file says of the last run's port; undefined: nothing that could be one. */
export function recordedPort(file: string): number | undefined {
  try {
    const port = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
  } catch {
    return undefined;
  }
}

export interface PortOptions {
  /** For the log. */
  readonly server: string;
  /** undefined: that of the last run when it is free, so that whoever has noted it finds the server again; else any. */
  readonly wanted: number | undefined;
  readonly last: number | undefined;
  readonly log: (message: string) => void;
}

/** @param launch throws E_PORT_IN_USE where another program has the port */
export async function launchOnPort<T>(
  { server, wanted, last, log }: PortOptions,
  launch: (port: number) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const port = wanted ?? (attempt === 1 ? last : undefined) ?? (await freePort());
    try {
      return await launch(port);
    } catch (error) {
      // It was free a moment ago, or during the last run: another program was quicker.
      const taken = describeError(error).code === 'E_PORT_IN_USE';
      if (!taken || wanted !== undefined || attempt === ATTEMPTS) throw error;
      log(`Another program has port ${port}: ${server} takes another one`);
    }
  }
}
