import { setFlagsFromString } from 'node:v8';

/**
 * Makes V8 collect garbage earlier. It would let garbage grow to several times what is in use, and every page is garbage once it is
 * written: while draining a backlog the process would take 220 MB instead of 170. No loss of speed could be measured.
 */
export function collectEarly(): void {
  setFlagsFromString('--heap-growing-percent=100');
}
