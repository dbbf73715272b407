import type { AppliedReport } from '../../pipeline/applied-report';
import type { Stage } from '../../pipeline/turns';
import type { Vouching } from '../sink/alias-case';
import type { AliasSink, AliasBatch } from '../sink/sink';
import type { Keep } from './keep';

export interface AliasTailOptions {
  readonly keep: Keep;
  readonly sink: AliasSink;
  readonly vouching: Vouching;
  readonly applied: AppliedReport<string>;
}

/** Rows of the changelog in a page, at the most. */
const pageRows = 1_000;

/** Applies the next page of the changelog. */
export const tail =
  ({ keep, sink, vouching, applied }: AliasTailOptions): Stage =>
  async () => {
    const { source } = keep;
    const position = sink.checkpoint?.position;
    if (source.changelog === undefined || !position || !source.mayHaveChanged()) return undefined;
    // The keys may be another program's, spelled otherwise than ours: a pass finds that out before anything is written.
    if (vouching.doubtful(source.aliasTruths.keys()).length > 0) return undefined;
    const page = source.changelog.read(position, pageRows);
    if (page === 'broken') {
      sink.reset(); // so that the next turn's `follow` finds out why
      return 'more';
    }
    if (page.rows === 0) {
      source.sawNothingNew();
      return undefined;
    }
    const batches: AliasBatch[] = [];
    for (const [type, aliases] of page.nominations) {
      const truth = source.truths.get(type);
      if (truth !== undefined)
        batches.push({ type, keyspace: truth.keyspace, aliases, values: truth.lookUp(aliases) });
    }
    const since = page.since ?? Date.now();
    sink.send(batches, page.position).then(
      (outcome) => {
        const counts = outcome.batches.map(({ type, ...written }) => [type, written] as const);
        applied.add({ counts, parked: 0, tookMs: outcome.ms, since });
      },
      () => undefined, // the next `room` or `drain` throws the error
    );
    await sink.room();
    return 'more';
  };
