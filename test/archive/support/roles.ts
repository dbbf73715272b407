import { eventually } from '../../support/eventually';
import type { FullStatus, TestDaemon } from '../../support/daemon';
import type { TestPostgres } from '../../support/postgres';
import type { DaemonProcess } from './daemon-process';

type Archive = FullStatus['archive'];
/** What a daemon says of itself, wherever it runs. */
export type Asked = () => Promise<Archive>;

export const asked =
  (daemon: TestDaemon): Asked =>
  async () =>
    (await daemon.status()).archive;

export const becomes = (ask: Asked, role: Archive['role'], within = 10_000): Promise<void> =>
  eventually(async () => expect((await ask()).role).toBe(role), { within });

/** But for outages of stores. */
export const incidents = async (ask: Asked): Promise<string[]> =>
  (await ask()).incidents.filter(({ outage }) => outage?.store == null).map(({ what }) => what);

export const epochOf = async ({ query }: TestPostgres): Promise<number> =>
  Number((await query('SELECT epoch FROM millrace.checkpoint'))[0]?.['epoch']);

/** An owner and a standby, each a process of its own. */
export async function startPair(
  start: () => Promise<DaemonProcess>,
): Promise<{ owner: DaemonProcess; standby: DaemonProcess }> {
  const owner = await start();
  await becomes(owner.archive, 'owner');
  const standby = await start();
  await becomes(standby.archive, 'standby');
  return { owner, standby };
}
