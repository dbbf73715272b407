import { SingleBar } from 'cli-progress';
import type { Kind } from '../../mapping/kinds';
import { label } from './report';
import type { Plan } from './plan';

/** A progress bar on a terminal; does nothing elsewhere. */
export function progressBar(terminal: NodeJS.WriteStream = process.stderr): {
  readonly start: (plan: Plan) => void;
  readonly update: (done: number, kind: Kind) => void;
  readonly stop: () => void;
} {
  let bar: SingleBar | undefined;
  return {
    start: ({ wanted }) => {
      const counts = [...wanted.values()];
      const total = counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
      if (!terminal.isTTY || total === 0) return;
      // If something was too much to count, there is no total to show.
      const format = counts.includes(undefined)
        ? '  {value} records  {duration_formatted}  {kind}'
        : '  {bar} {percentage}%  {value} of {total}  {duration_formatted}  {kind}';
      bar = new SingleBar({ format, stream: terminal, clearOnComplete: true, hideCursor: true, barsize: 30 });
      bar.start(total, 0, { kind: '' });
    },
    update: (done, kind) => {
      bar?.update(done, { kind: label(kind) });
    },
    stop: () => {
      bar?.stop();
      bar = undefined;
    },
  };
}
