/** Those that take longest on their own, mostly by waiting: begun last, each would keep one worker busy when the others are through. */
const longest = [
  'chaos/mutants/mutants',
  'chaos/chaos',
  'model/archive/archive',
  'model/cache/cache',
  'archive/apply/relay',
  'aliases/source/ground',
  'library/package',
  'archive/exactly-once',
  'demo/demo',
  'aliases/sink/alias-case',
  'archive/write/altered',
  'http/dashboard/connection',
  'ends/ends',
  'aliases/rivals',
  'docs/shell-blocks',
  'http/dashboard/page',
  'library/millrace',
  'archive/large',
];

const { statSync } = require('node:fs');

/** The same order in every checkout, whatever ran there before: the longest, then by size. */
module.exports = class LongestFirst {
  sort(tests) {
    const rank = ({ path }) => longest.findIndex((name) => path.endsWith(`/${name}.test.ts`));
    const weight = (test) => (rank(test) < 0 ? statSync(test.path).size : 1e9 - rank(test));
    const weighed = tests.map((test) => [weight(test), test]);
    return weighed.sort(([a], [b]) => b - a).map(([, test]) => test);
  }

  allFailedTests(tests) {
    return tests;
  }

  shard(tests) {
    return tests;
  }

  cacheResults() {}
};
