import type { Log } from '../../log/log';
import type { Incidents } from '../../pipeline/incidents/incidents';
import type { Stage } from '../../pipeline/turns';
import { introduce } from '../pass/report';
import type { AliasSource } from '../source/source';
import type { SourceKeeper } from '../source/source-keeper';

export interface KeepOptions {
  readonly keeper: SourceKeeper;
  readonly incidents: Incidents;
  readonly log: Log;
  /** Called when changes may have gone unseen: a full pass has to follow. */
  readonly onDoubt: (reason: string) => void;
}

/** Opens the file; later looks whether the open file is still the one at the path. */
export class Keep {
  readonly #options: KeepOptions;
  #source: AliasSource | undefined;

  constructor(options: KeepOptions) {
    this.#options = options;
  }

  /** The open file, for the stages after this one. */
  get source(): AliasSource {
    if (this.#source === undefined) throw new Error('the SQLite file has not been opened');
    return this.#source;
  }

  readonly run: Stage = async () => {
    const { keeper, incidents, log, onDoubt } = this.#options;
    const found = await keeper.refresh();
    if (this.#source === undefined) introduce(log, found.source, keeper.cannotWrite);
    this.#source = found.source;
    for (const what of found.incidents) incidents.add(what);
    if (found.needsPass) onDoubt('the SQLite file changed');
    return undefined;
  };
}
