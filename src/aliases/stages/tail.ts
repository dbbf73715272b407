import type { AppliedReport } from '../../pipeline/applied-report';
import type { Stage } from '../../pipeline/turns';
import type { Vouching } from '../sink/alias-case';
import type { Introduction } from '../sink/introduction';
import type { AliasSink } from '../sink/sink';
import type { OnDoubt } from '../source/source';
import { PageApply } from './page-apply';
import type { Keep } from './keep';

export interface AliasTailOptions {
  readonly keep: Keep;
  readonly sink: AliasSink;
  readonly vouching: Vouching;
  readonly introduction: Introduction;
  readonly applied: AppliedReport<string>;
  readonly onDoubt: OnDoubt;
}

/** Rows of the changelog in a page, at the most. */
const pageRows = 1_000;

/** Applies the next page of the changelog; of one that names many keys, the next thousand of these. */
export function tail({ keep, sink, vouching, introduction, applied, onDoubt }: AliasTailOptions): Stage {
  let begun: PageApply | undefined;
  return async () => {
    const { source } = keep;
    const position = sink.checkpoint?.position;
    // Whatever failed since its first batch was sent, or has another position now: the page is read again.
    if (begun?.position !== position) begun = undefined;
    if (source.changelog === undefined || !position) return undefined;
    if (begun === undefined && !source.mayHaveChanged()) return undefined;
    // The keys may be another program's, spelled otherwise than ours: a pass finds that out before anything is written.
    if (vouching.doubtful(source.aliasTruths.keys()).length > 0) return undefined;
    if (begun === undefined) {
      const page = source.changelog.read(position, pageRows);
      if (page === 'broken') {
        sink.reset(); // so that the next turn's `follow` finds out why
        return 'more';
      }
      if (page.rows === 0) {
        source.sawNothingNew();
        return undefined;
      }
      begun = new PageApply(position, page, source.nominations(page, onDoubt));
    }
    const { batches, end } = begun.next(source, (type) => introduction.mayWrite(type));
    const since = begun.page.since ?? Date.now();
    if (end !== undefined) begun = undefined;
    sink.send(batches, end).then(
      (outcome) => {
        const counts = outcome.batches.map(({ type, ...written }) => [type, written] as const);
        applied.add({ counts, parked: 0, tookMs: outcome.ms, since });
      },
      () => undefined, // the next `room` or `drain` throws the error
    );
    await sink.room();
    return 'more';
  };
}
