import { SingleBar } from 'cli-progress';
import { monotonicMs } from './clock';
import type { Part } from './suite';

const everyMs = 1_000;

export interface Progress {
  readonly begin: (part: Part) => void;
  readonly say: (what: string) => void;
  readonly stop: () => void;
}

/** A progress bar on a terminal; elsewhere a line for each part. */
export function showProgress(
  parts: readonly Part[],
  quick: boolean,
  terminal: NodeJS.WriteStream = process.stderr,
): Progress {
  let begun = 0;
  if (!terminal.isTTY) {
    const begin = ({ name }: Part) => terminal.write(`part ${++begun} of ${parts.length}: ${name}\n`);
    return { begin, say: () => undefined, stop: () => undefined };
  }
  const wanted = parts.map(({ seconds: [whole, short = whole] }) => (quick ? short : whole));
  const bar = new SingleBar({
    format: `  {bar} {percentage}%  part {nth} of ${parts.length}  {left}  {part}: {what}`,
    ...{ stream: terminal, clearOnComplete: true, barsize: 24 },
  });
  const startedAt = monotonicMs();
  let partAt = startedAt;
  let shown = { nth: 0, part: '', what: '' };
  const draw = () => {
    const spent = { before: (partAt - startedAt) / 1_000, inPart: (monotonicMs() - partAt) / 1_000 };
    const { percent, secondsLeft } = farAlong(wanted, Math.max(0, begun - 1), spent);
    bar.update(percent, { ...shown, left: `about ${Math.ceil(secondsLeft / 60)} min left` });
  };
  bar.start(100, 0, { ...shown, left: '' });
  const timer = setInterval(draw, everyMs);
  return {
    begin: ({ name }) => {
      partAt = monotonicMs();
      shown = { nth: ++begun, part: name, what: '' };
      draw();
    },
    say: (what) => {
      shown = { ...shown, what };
      draw();
    },
    stop: () => {
      clearInterval(timer);
      bar.stop();
    },
  };
}

/**
 * How far a run is, by how long each of its parts is said to take, and how long those took that are over. Pure.
 * @param done how many are over @param spent seconds: in all of those, and in the part that is measured now
 */
export function farAlong(
  wanted: readonly number[],
  done: number,
  spent: { readonly before: number; readonly inPart: number },
): { readonly percent: number; readonly secondsLeft: number } {
  const sum = (seconds: readonly number[]) => seconds.reduce((total, one) => total + one, 0);
  const over = sum(wanted.slice(0, done));
  const pace = over === 0 ? 1 : spent.before / over;
  // It may take longer than it is said to: then it is as good as over.
  const inPart = Math.min(spent.inPart / pace, wanted[done] ?? 0);
  const total = sum(wanted);
  return {
    percent: Math.floor(((over + inPart) / total) * 100),
    secondsLeft: (total - over - inPart) * pace,
  };
}
