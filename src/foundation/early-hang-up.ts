import { isatty } from 'node:tty';

/** Whether a hang-up means that somebody has closed the terminal, and with it us; without one it asks a daemon to read its files again. */
export const hasTerminal = (): boolean => [0, 1, 2].some((fd) => isatty(fd));

let heard = false;

/** Has hang-ups end this process no more, unless they mean that. Loads nothing, so that it can come before all else. */
export function hearHangUps(): void {
  if (hasTerminal()) return;
  process.on('SIGHUP', () => {
    heard = true;
  });
}

/** Whether there was one since this was asked last. */
export function heardHangUp(): boolean {
  const was = heard;
  heard = false;
  return was;
}
