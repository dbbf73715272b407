import { archiveOnce } from '../archive/once';
import type { Reports } from '../control/control';
import { aliasesOnce } from '../aliases/once';
import { stoppedEarly } from '../pipeline/one-pass';
import type { PipelineName } from '../config/names';
import { libraryLog } from './log';
import type { Settled } from './options';

/** A full pass without a daemon, over connections of its own. @throws E_STOPPED when the signal aborts, and the first failure */
export async function onePass<P extends PipelineName>(
  pipeline: P,
  { config, log: to }: Settled,
  signal: AbortSignal,
): Promise<Reports[P]> {
  if (signal.aborted) throw stoppedEarly();
  const log = libraryLog(config.log, to);
  const options = { signal, progress: false };
  try {
    const pass =
      pipeline === 'aliases' ? aliasesOnce(config, log, options) : archiveOnce(config, log, options);
    return (await pass) as Reports[P];
  } finally {
    await log.close();
  }
}
