import { inspect } from 'node:util';

/** Puts this whole process into a time zone, for the test file. What a test sees as `process.env` is a copy without effect. */
export function inZone(zone: string): void {
  const compile = inspect.constructor as (code: string) => () => NodeJS.Process;
  const { env } = compile('return process')();
  const before = env['TZ'];
  beforeAll(() => {
    env['TZ'] = zone;
    expect(Intl.DateTimeFormat().resolvedOptions().timeZone).toBe(zone);
  });
  afterAll(() => {
    if (before === undefined) delete env['TZ'];
    else env['TZ'] = before;
  });
}
