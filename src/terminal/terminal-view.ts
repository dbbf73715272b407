import type { Tone } from './status-sentences';
import { fitted, type Line, screenLines, type View } from './watch-screen';

const escape = '\u001b[';
/** Switches to the alternate screen, so that the present one comes back afterwards, and hides the cursor. */
const enter = `${escape}?1049h${escape}?25l${escape}2J`;
const leave = `${escape}?25h${escape}?1049l`;
const home = `${escape}H`;
const clearLine = `${escape}2K`;
const below = `${escape}J`;

/** q, Q, Ctrl+C, Ctrl+D */
const quitting: readonly number[] = [0x71, 0x51, 0x03, 0x04];

const colours: Readonly<Record<Tone, string>> = {
  plain: '',
  strong: '1',
  good: '32',
  warn: '33',
  bad: '31',
  dim: '2',
};

/** A view that has the whole terminal until `close`. The terminal is left as it was, however the process ends, unless it is killed. */
export class TerminalView {
  #last: View | undefined;
  #open = true;
  readonly #leave: () => void;
  readonly #resized: () => void;
  readonly #keys: (data: Buffer) => void;
  readonly #raw: boolean;

  /** @param onQuit called when `q` or Ctrl+C is pressed (in raw mode Ctrl+C is a key like any other) */
  constructor(onQuit: () => void) {
    const { stdin, stdout } = process;
    this.#leave = () => {
      if (this.#open) stdout.write(leave);
      this.#open = false;
    };
    this.#resized = () => {
      if (this.#last !== undefined) this.show(this.#last);
    };
    this.#keys = (data) => {
      if (data.some((byte) => quitting.includes(byte))) onQuit();
    };
    this.#raw = stdin.isTTY;
    if (this.#raw) {
      stdin.setRawMode(true);
      stdin.on('data', this.#keys);
    }
    stdout.on('resize', this.#resized);
    process.on('exit', this.#leave);
    stdout.write(enter);
  }

  show(view: View): void {
    if (!this.#open) return;
    this.#last = view;
    // A terminal whose size was never set reports 0 columns.
    const [columns, rows] = [process.stdout.columns || 80, process.stdout.rows || 24];
    process.stdout.write(
      frame(fitted(screenLines(view), { columns, rows }), process.env['NO_COLOR'] !== undefined),
    );
  }

  close(): void {
    const { stdin, stdout } = process;
    process.removeListener('exit', this.#leave);
    stdout.removeListener('resize', this.#resized);
    this.#leave();
    if (!this.#raw) return;
    stdin.removeListener('data', this.#keys);
    stdin.setRawMode(false);
    stdin.pause(); // otherwise the process would wait for another key
  }
}

/**
 * The text that draws a view over the last one, so that nothing flickers. A line is cleared before it is written, and the rest of the
 * screen before the last line is: after a line that fills its row the cursor still is on the last character.
 */
export function frame(lines: readonly Line[], colourless: boolean): string {
  const painted = lines.map(({ text, tone }, index) => {
    const colour = colourless ? '' : colours[tone];
    const clear = index === lines.length - 1 ? below : clearLine;
    return clear + (colour === '' ? text : `${escape}${colour}m${text}${escape}0m`);
  });
  return home + painted.join('\r\n');
}
