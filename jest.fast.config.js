const { fastTests } = require('./test/support/fast-tests.cjs');

/** npm run test:fast: the tests that start nothing, neither a server nor any other process. */
module.exports = {
  ...require('./jest.config.js'),
  testMatch: fastTests(),
  globalSetup: undefined,
  globalTeardown: undefined,
  maxWorkers: '100%',
};
