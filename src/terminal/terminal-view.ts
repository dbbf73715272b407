import type { Tone } from './status-sentences';
import { fitted, type Line, screenLines, type View } from './watch-screen';

const escape = '\u001b[';
/** Another screen, so that what was there comes back; without a cursor. */
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

/** The terminal, ours until `close`: it is left as it was, whatever ends the process by its own will. */
export class TerminalView {
  #last: View | undefined;
  #open = true;
  readonly #leave: () => void;
  readonly #resized: () => void;
  readonly #keys: (data: Buffer) => void;
  readonly #raw: boolean;

  /** @param onQuit `q` or Ctrl+C was pressed: in raw mode the latter is a key like any other */
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
    // A terminal that nobody has told its size has none.
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
    stdin.pause(); // or the process would wait for another key
  }
}

/**
 * Drawn over the last one, so that nothing flickers. Lines are cleared before they are written, and the rest of the screen before
 * the last: after a line that fills its row the cursor still stands on the last character.
 */
export function frame(lines: readonly Line[], colourless: boolean): string {
  const painted = lines.map(({ text, tone }, index) => {
    const colour = colourless ? '' : colours[tone];
    const clear = index === lines.length - 1 ? below : clearLine;
    return clear + (colour === '' ? text : `${escape}${colour}m${text}${escape}0m`);
  });
  return home + painted.join('\r\n');
}
