import type { Random } from '../random';
import type { Scene } from '../scene/scene';

/** To whom it happens. In a storm each party suffers one fault at a time, and all of them at once. */
export type Party = 'daemon' | 'redis' | 'postgres' | 'sqlite' | 'wire' | 'writers';

export interface Fault {
  /** In lower case, with dashes. */
  readonly name: string;
  readonly party: Party;
  /** What happens, in a line. */
  readonly what: string;
  /** The writers themselves meet it: that their writes fail is not our doing. */
  readonly hitsWriters?: true;
  /** Not in a storm: why. */
  readonly alone?: string;
  /** Why it cannot be had on this machine: it is left out, by name; undefined: it can. */
  readonly lacks?: () => string | undefined;
  /** Does it, and undoes it: afterwards everything can come into step. */
  readonly run: (scene: Scene, random: Random) => Promise<void>;
}
