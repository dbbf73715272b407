import { setFlagsFromString } from 'node:v8';

/**
 * V8 lets garbage grow to several times what is in use before it collects it, and every page is garbage once it is written: draining a
 * backlog, the process would take 220 MB instead of 170. That it collects more often costs no speed that can be measured.
 */
export function collectEarly(): void {
  setFlagsFromString('--heap-growing-percent=100');
}
