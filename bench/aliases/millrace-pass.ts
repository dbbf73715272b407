import { aliasesOnce } from '../../src/aliases/once';
import type { PassReport } from '../../src/aliases/pass/report';
import type { Config } from '../../src/config/load';
import { openLog } from '../../src/log/log';

/** One full pass in this process, as `reconcile` makes it. */
export async function millracePass(config: Config): Promise<PassReport> {
  const log = openLog({ level: 'error', format: 'json', file: '', maxBytes: 0, files: 1 }, true);
  try {
    return await aliasesOnce(config, log);
  } finally {
    await log.close();
  }
}
