import NodeEnvironment from 'jest-environment-node';
import { patience } from './patience';

interface Timed {
  timeout?: number | null;
}

interface CircusEvent {
  readonly name: string;
  readonly hook?: Timed;
  readonly test?: Timed;
}

/** Jest's for Node, whose time limits of tests and hooks are those of a quiet machine. */
export default class PatientEnvironment extends NodeEnvironment {
  /** Of a test that says nothing. */
  #usual: number | undefined;

  /** Each limit is read after this. A hook runs more than once, and is made longer once. */
  readonly handleTestEvent = ({ name, hook, test }: CircusEvent, state: { testTimeout: number }): void => {
    if (name !== 'hook_start' && name !== 'test_fn_start') return;
    this.#usual ??= state.testTimeout;
    state.testTimeout = this.#usual * patience();
    const timed = name === 'hook_start' ? hook : test;
    if (timed?.timeout == null || this.#seen.has(timed)) return;
    this.#seen.add(timed);
    timed.timeout *= patience();
  };

  readonly #seen = new WeakSet<Timed>();
}
