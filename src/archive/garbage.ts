import { setFlagsFromString } from 'node:v8';

/**
 * V8 lets garbage grow to several times what is in use before it collects it, and every page is garbage once it is written: with a
 * backlog to drain the process would take 280 MB for 40 MB in use. Collecting at twice as much costs no speed that can be measured.
 */
export function collectEarly(): void {
  setFlagsFromString('--heap-growing-percent=100');
}
