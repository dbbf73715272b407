import type { Stage } from '../../pipeline/turns';
import type { AppliedReport } from '../pass/report';
import type { Vouching } from '../sink/alias-case';
import type { AliasSink, AliasBatch } from '../sink/sink';
import type { Keep } from './keep';

export interface TailOptions {
  readonly keep: Keep;
  readonly sink: AliasSink;
  readonly vouching: Vouching;
  readonly applied: AppliedReport;
}

/** Changelog rows applied at the most. */
const pageRows = 1_000;

/** Applies the next page of the changelog. */
export const tail =
  ({ keep, sink, vouching, applied }: TailOptions): Stage =>
  async () => {
    const { source } = keep;
    const position = sink.checkpoint?.position;
    if (source.changelog === undefined || !position || !source.mayHaveChanged()) return undefined;
    // The keys may be another program's, spelled otherwise than ours: the pass says so before anything is written.
    if (vouching.doubtful(source.truths.keys()).length > 0) return undefined;
    const page = source.changelog.read(position, pageRows);
    if (page === 'broken') {
      sink.reset(); // the next turn finds out why
      return 'more';
    }
    if (page.rows === 0) {
      source.sawNothingNew();
      return undefined;
    }
    const batches: AliasBatch[] = [];
    for (const [type, aliases] of page.nominations) {
      const truth = source.truths.get(type);
      if (truth !== undefined) batches.push({ type, aliases, values: truth.lookUp(aliases) });
    }
    const since = page.since ?? Date.now();
    sink.send(batches, page.position).then(
      (outcome) => {
        applied.add(outcome, since);
      },
      () => undefined, // the next `room` or `drain` throws it
    );
    await sink.room();
    return 'more';
  };
