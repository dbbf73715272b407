import type { Stage } from '../../pipeline/turns';
import type { PauseState } from '../../pipeline/pause';
import type { Applier } from '../apply/applier';
import type { Parked } from '../letters/parked';
import type { Checkpoint } from '../position/checkpoint';
import type { Tail } from './tail';

export interface TickOptions {
  readonly checkpoint: Checkpoint;
  readonly pause: PauseState;
  readonly parked: Parked;
  readonly tail: Tail;
  readonly applier: () => Applier;
  /** Called when somebody asks for a full pass. */
  readonly onPassWanted: () => void;
}

/** Less than the second after which an idle lane wakes: otherwise every other turn would come a little too early. */
const everyMs = 900;

/** Does what is due once a second: a sign of life, parked records, points that had to rest. During a pause the turn ends here. */
export class Tick {
  readonly #options: TickOptions;
  #at = -Infinity;

  constructor(options: TickOptions) {
    this.#options = options;
  }

  get due(): boolean {
    return performance.now() - this.#at >= everyMs;
  }

  readonly run: Stage = async () => {
    if (this.due) await this.#tick();
    return this.#options.pause.current === undefined ? undefined : 'idle';
  };

  async #tick(): Promise<void> {
    this.#at = performance.now();
    const { checkpoint, pause, parked, tail, applier, onPassWanted } = this.#options;
    const { passRequested, paused, parked: count } = await checkpoint.renew();
    pause.note(paused);
    if (passRequested) onPassWanted();
    parked.note(count);
    if (parked.possible) parked.call();
    await applier().lookUpRested();
    await tail.tidy();
  }
}
