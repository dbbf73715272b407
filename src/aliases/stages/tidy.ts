import { describeError } from '../../foundation/errors';
import type { Log } from '../../log/log';
import type { Stage } from '../../pipeline/turns';
import type { AliasSink } from '../sink/sink';
import { Housekeeping } from '../source/housekeeping';
import type { SourceKeeper } from '../source/source-keeper';
import type { Keep } from './keep';

export interface TidyOptions {
  readonly keep: Keep;
  readonly keeper: SourceKeeper;
  readonly sink: AliasSink;
  readonly log: Log;
}

/** Prunes and folds what Redis has acknowledged. If the file was closed for that, the turn begins anew. */
export function tidy({ keep, keeper, sink, log }: TidyOptions): Stage {
  const housekeeping = new Housekeeping();
  return async () => {
    const { source } = keep;
    const consumed = sink.confirmed?.position;
    const seq = consumed?.changelog === source.changelog?.id ? consumed?.seq : undefined;
    try {
      return (await housekeeping.tick(keeper, source, seq)) === 'folded' ? 'again' : undefined;
    } catch (error) {
      // Somebody else is writing, or we may not write. Housekeeping can wait, a writer cannot.
      log.debug(`housekeeping put off: ${describeError(error).message}`, { pipeline: 'aliases' });
      return undefined;
    }
  };
}
