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
/** Which promise is broken first depends on the order in which things happen. */
const broken = /^Error: (I\d: |.*(under way|before all are through|not alone))|^Error: (away|another|cannot)/;
const mutants: readonly (readonly [name: string, mutant: Mutant])[] = [
  [
    'a page does not wait for the one before it',
    { file: relay, from: '&& { previous, postgres }', to: '&& { previous: undefined, postgres }' },
  ],
  [
    'a page begins though all connections are taken',
    {
      file: relay,
      from: 'if (underWay.length === connections.length) await underWay.shift();',
      to: '',
    },
  ],
  [
    'after a failure nobody waits for the other pages',
    { file: relay, from: 'await Promise.allSettled(underWay);', to: '' },
  ],
  ['a page that is not plain goes beside another', { file: relay, from: '!isPlain(next) || ', to: '' }],
  [
    'a page counts as applied when it is sent',
    {
      file: relay,
      from: 'const done = apply(page, behind).then(() => {\n      onApplied(page);\n    });',
      to: 'onApplied(page); const done = apply(page, behind);',
    },
  ],
  [
    'what a page takes in is read from its beginning again',
    { file: tail, from: 'page?.position ?? next.from', to: 'next.from' },
  ],
  [
    'what was read ahead is taken from wherever it is',
    { file: tail, from: 'next?.from !== position', to: 'next === undefined' },
  ],
  [
    'a wake-up during a cycle is forgotten',
    {
      file: 'src/pipeline/pump.ts',
      from: "if (outcome === 'idle') await latch.wait();",
      to: "if (outcome === 'idle') { latch.clear(); await latch.wait(); }",
    },
  ],
  [
    'a failed cycle ends the pump',
    { file: 'src/pipeline/pump.ts', from: 'if (givesUp(error))', to: 'if (!givesUp(error))' },
  ],
  [
    'what a pass finds counts though it was restarted meanwhile',
    { file: passRunner, from: ' && this.#running === running', to: '' },
  ],
  [
    'a pass that cannot begin is forgotten',
    {
      file: passRunner,
      from: 'const { reason, scope } = this.#wanted;\n',
      to: 'const { reason, scope } = this.#wanted; this.#wanted = undefined;\n',
    },
  ],
  [
    'of two passes that are asked for the later is kept',
    {
      file: passRunner,
      from: 'scope: this.#wanted === undefined ? scope : union(this.#wanted.scope, scope),',
      to: 'scope,',
    },
  ],
  [
    'a pass that is restarted forgets of which kinds it was',
    {
      file: passRunner,
      from: 'this.#running === undefined ? scope : union(this.#running.scope, scope)',
      to: 'scope',
    },
  ],
];

test.each(mutants)(
  'the mutant is found: %s',
  async (_name, mutant) => {
    const wrong: Code = { ...code, ...(mutated(mutant) as Partial<Code>) };
    const { failed, errorInstance } = await fc.check(promises(wrong, newSeen()), {
      numRuns: 3_000,
      endOnFailure: true,
    });
    expect(failed).toBe(true);
    expect(String(errorInstance)).toMatch(broken);
  },
  60_000,
);
