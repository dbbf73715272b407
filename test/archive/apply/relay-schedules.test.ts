import fc from 'fast-check';
import { Relay } from '../../../src/archive/apply/relay';
import { StreamTail } from '../../../src/archive/tail/stream-tail';
import { PassRunner } from '../../../src/pipeline/pass-runner';
import { pump } from '../../../src/pipeline/pump';
import { Turns } from '../../../src/pipeline/turns';
import { type Mutant, mutated } from '../../support/mutant';
import type { Code, Seen } from '../support/schedules/instance';
import { promises } from '../support/schedules/property';

/** The real pump, turns, passes, relay and reading of the stream over stores that are plain data; every await in an order that a seed chooses. */
const code: Code = { pump, Turns, PassRunner, Relay, StreamTail };
const newSeen = (): Seen => ({ together: 0, failed: 0, passes: 0 });

test('in whatever order things happen, whatever fails and whoever is stopped or killed: nothing is lost, twice, older or ahead of its rows', async () => {
  const seen = newSeen();
  await fc.assert(promises(code, seen), { numRuns: 300 });
  // Otherwise nothing would have been tried.
  for (const times of Object.values(seen)) expect(times).toBeGreaterThan(10);
}, 60_000);

const relay = 'src/archive/apply/relay.ts';
const tail = 'src/archive/tail/stream-tail.ts';
const passRunner = 'src/pipeline/pass-runner.ts';
const mutants: readonly (readonly [name: string, found: RegExp, mutant: Mutant])[] = [
  [
    'a page does not wait for the one before it',
    /^Error: I7: the position is/,
    { file: relay, from: '&& { previous, postgres }', to: '&& { previous: undefined, postgres }' },
  ],
  [
    'a page begins though all connections are taken',
    /^Error: more pages than connections are under way/,
    {
      file: relay,
      from: 'if (underWay.length === connections.length) await underWay.shift();',
      to: '',
    },
  ],
  [
    'after a failure nobody waits for the other pages',
    /begins before all are through|a page is under way/,
    { file: relay, from: 'await Promise.allSettled(underWay);', to: '' },
  ],
  [
    'a page that is not plain goes beside another',
    /is not plain, and not alone/,
    { file: relay, from: '!isPlain(next) || ', to: '' },
  ],
  [
    'a page counts as applied when it is sent',
    /^Error: I7: entry \d+ is trimmed/,
    {
      file: relay,
      from: 'const done = apply(page, behind).then(() => {\n      onApplied(page);\n    });',
      to: 'onApplied(page); const done = apply(page, behind);',
    },
  ],
  [
    'after a failure a further page begins',
    /begins before all are through/,
    { file: relay, from: 'this.#isFailing || ', to: '' },
  ],
  [
    'what a page takes in is read from its beginning again',
    /^Error: I2: a record is there twice/,
    { file: tail, from: 'page?.position ?? next.from', to: 'next.from' },
  ],
  [
    'what was read ahead is taken from wherever it is',
    /^Error: I7: the position is/,
    { file: tail, from: 'next?.from !== position', to: 'next === undefined' },
  ],
  [
    'a wake-up during a cycle is forgotten',
    /^Error: I4: it never settles/,
    {
      file: 'src/pipeline/pump.ts',
      from: "if (outcome === 'idle') await latch.wait();",
      to: "if (outcome === 'idle') { latch.clear(); await latch.wait(); }",
    },
  ],
  [
    'a failed cycle ends the pump',
    /^Error: (I1|away|another|cannot)/,
    { file: 'src/pipeline/pump.ts', from: 'if (givesUp(error))', to: 'if (!givesUp(error))' },
  ],
  [
    'what a pass finds counts though it was restarted meanwhile',
    /^Error: I1: a pass is reported that has not seen/,
    { file: passRunner, from: ' && this.#running === running', to: '' },
  ],
  [
    'a pass that cannot begin is forgotten',
    /^Error: I1: /,
    {
      file: passRunner,
      from: 'const { reason, scope } = this.#wanted;\n',
      to: 'const { reason, scope } = this.#wanted; this.#wanted = undefined;\n',
    },
  ],
  [
    'of two passes that are asked for the later is kept',
    /^Error: I1: /,
    {
      file: passRunner,
      from: 'scope: this.#wanted === undefined ? scope : union(this.#wanted.scope, scope),',
      to: 'scope,',
    },
  ],
  [
    'a pass that is restarted forgets of which kinds it was',
    /^Error: I1: /,
    {
      file: passRunner,
      from: 'this.#running === undefined ? scope : union(this.#running.scope, scope)',
      to: 'scope',
    },
  ],
];

test.each(mutants)(
  'the mutant is found: %s',
  async (_name, found, mutant) => {
    const wrong: Code = { ...code, ...(mutated(mutant) as Partial<Code>) };
    const { failed, errorInstance } = await fc.check(promises(wrong, newSeen()), {
      numRuns: 3_000,
      endOnFailure: true,
    });
    expect(failed).toBe(true);
    expect(String(errorInstance)).toMatch(found);
  },
  60_000,
);
