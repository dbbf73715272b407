/** What a writing process is told, as its one argument. */
export interface WriterSetting {
  /** Of this run of writers: no key of another one begins so. */
  readonly round: string;
  /** Another one for each process of a round: values and names begin with it. */
  readonly life: number;
  readonly journal: string;
  readonly seed: number;
  readonly dbPath: string;
  readonly redisUrl: string;
  /** Milliseconds between two writes. */
  readonly pace: number;
}

export const settingOf = (argument: string | undefined): WriterSetting =>
  JSON.parse(argument ?? '') as WriterSetting;

/** Tells its parent when it has written first, and writes again and again until the process is asked to end (its parent disconnects, or is gone); a turn that has begun is finished. */
export async function writeUntilTold(pace: number, turn: () => Promise<unknown>): Promise<void> {
  await turn();
  if (process.connected) process.send?.('writes');
  while (process.connected) {
    await turn();
    await new Promise((resolve) => setTimeout(resolve, pace));
  }
}
