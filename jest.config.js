const { availableParallelism } = require('node:os');

/** Real servers, one Redis per test file: see test/support/. */
module.exports = {
  testEnvironment: '<rootDir>/test/support/environment.ts',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } } }] },
  // import() in src names files as Node wants it.
  moduleNameMapper: { '^(\\./[a-z-]+)\\.js$': '$1' },
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  testTimeout: 30000,
  // Tests wait more than they compute: for servers to start, for ticks, for time limits.
  maxWorkers: 2 * availableParallelism(),
};
