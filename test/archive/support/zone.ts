import { inspect } from 'node:util';

/** What a test sees as `process.env` is a copy without effect. */
const compile = inspect.constructor as (code: string) => () => NodeJS.Process;
const { env } = compile('return process')();
const before = env['TZ'];

function leave(): void {
  if (before === undefined) delete env['TZ'];
  else env['TZ'] = before;
}

/** Puts this whole process into a time zone, until the test file ends or it is put into another. */
export function putIntoZone(zone: string): void {
  env['TZ'] = zone;
  expect(Intl.DateTimeFormat().resolvedOptions().timeZone).toBe(zone);
}

/** The same for the test file, from its beginning. */
export function inZone(zone: string): void {
  beforeAll(() => {
    putIntoZone(zone);
  });
  afterAll(leave);
}
