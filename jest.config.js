const { availableParallelism } = require('node:os');

/** Real servers, one Redis per test file: see test/support/. */
module.exports = {
  testEnvironment: '<rootDir>/test/support/environment.ts',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } } }] },
  moduleNameMapper: {
    // import() in src names files as Node wants it.
    '^(\\.{1,2}/[a-z/-]+)\\.js$': '$1',
    // All of it in one file: each test file loads what it needs anew, and this would be 223 of its 900 modules.
    '^rxjs$': '<rootDir>/node_modules/rxjs/dist/bundles/rxjs.umd.min.js',
  },
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  testSequencer: '<rootDir>/test/support/longest-first.cjs',
  testTimeout: 30000,
  // Tests wait more than they compute: for servers to start, for ticks, for time limits.
  maxWorkers: 2 * availableParallelism(),
};
