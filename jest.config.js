/** Real servers, one Redis per test file: see test/support/. */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } } }] },
  // import() in src names files as Node wants it.
  moduleNameMapper: { '^(\\./[a-z-]+)\\.js$': '$1' },
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  testTimeout: 30000,
  // With the servers and daemons that they start these keep two cores busy: more would make them wait for each other.
  maxWorkers: 2,
};
