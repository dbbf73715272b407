import { SingleBar } from 'cli-progress';
import type { KindName } from '../../mapping/kinds';
import { kinds } from '../../mapping/kinds';
import type { Plan } from './plan';

/** A bar where a person watches a terminal; nothing elsewhere. */
export function progressBar(terminal: NodeJS.WriteStream = process.stderr): {
  readonly start: (plan: Plan) => void;
  readonly update: (done: number, kind: KindName) => void;
  readonly stop: () => void;
} {
  let bar: SingleBar | undefined;
  return {
    start: ({ wanted }) => {
      const counts = Object.values(wanted);
      const total = counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
      if (!terminal.isTTY || total === 0) return;
      // What takes too long to count has no end to show.
      const format = counts.includes(undefined)
        ? '  {value} records  {duration_formatted}  {kind}'
        : '  {bar} {percentage}%  {value} of {total}  {duration_formatted}  {kind}';
      bar = new SingleBar({ format, stream: terminal, clearOnComplete: true, hideCursor: true, barsize: 30 });
      bar.start(total, 0, { kind: '' });
    },
    update: (done, kind) => {
      bar?.update(done, { kind: kinds[kind].table.replaceAll('_', ' ') });
    },
    stop: () => {
      bar?.stop();
      bar = undefined;
    },
  };
}
