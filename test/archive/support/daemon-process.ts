import { startCli, type CliRun } from '../../support/cli';
import { eventually } from '../../support/eventually';
import type { FullStatus } from '../../support/daemon';
import { temporaryFolder } from '../../support/temporary-folder';

export interface DaemonProcess extends CliRun {
  readonly url: string;
  /** Of the pipeline. @throws while it does not answer */
  readonly archive: () => Promise<FullStatus['archive']>;
  /** kill -9. Resolves when it is gone. */
  readonly kill: () => Promise<void>;
}

const started: DaemonProcess[] = [];
afterEach(async () => {
  for (const daemon of started.splice(0)) await daemon.kill();
});

/** Returns what starts `millrace run --only archive` as a process of its own, killed after the test. Call at the top of a test file. */
export function daemonProcesses(): (environment: Readonly<Record<string, string>>) => Promise<DaemonProcess> {
  const folder = temporaryFolder();
  return async (environment) => {
    const run = startCli(['run', '--only', 'archive'], { ...environment, HTTP_PORT: '0' }, folder);
    const address = () => /health and metrics: (\S+)/.exec(run.output())?.[1];
    await eventually(() => address() !== undefined, { alive: run.ended }).catch((error: unknown) => {
      throw new Error(`the daemon did not start: ${run.output()}`, { cause: error });
    });
    const url = address() ?? '';
    const daemon: DaemonProcess = {
      ...run,
      url,
      archive: async () => ((await (await fetch(`${url}/status`)).json()) as FullStatus).archive,
      kill: async () => {
        run.child.kill('SIGKILL');
        await run.ended;
      },
    };
    started.push(daemon);
    return daemon;
  };
}
