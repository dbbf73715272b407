import fc from 'fast-check';
import { asPsql } from '../../src/commands/psql';
import { asRedisCli } from '../../src/commands/redis-cli';
import { loadConfig } from '../../src/config/load';
import { describeError } from '../../src/foundation/errors';
import { parsePostgresUrl } from '../../src/connections/postgres/postgres-url';
import { parseRedisUrl } from '../../src/connections/redis-url';

// Every part of both URLs is understood or refused, with a message that names it. Nothing of a password is ever said.

describe('REDIS_URL', () => {
  test.each([
    ['redis://h', { host: 'h', port: 6379, db: 0, namesDb: false, tls: false, display: 'h:6379' }],
    ['REDIS://H:7000/', { host: 'H', port: 7000, db: 0, namesDb: false }],
    ['redis://h/0', { db: 0, namesDb: true }],
    ['redis://h:7/3', { port: 7, db: 3, namesDb: true, display: 'h:7/3' }],
    // redis-py, Celery
    ['redis://h:7?db=3', { port: 7, db: 3, namesDb: true, display: 'h:7/3' }],
    ['redis://h/?db=3', { db: 3, namesDb: true }],
    ['redis://h/3?db=03', { db: 3 }],
    ['redis://h?%64b=%33', { db: 3 }],
    ['redis://u:p@h', { username: 'u', password: 'p', display: 'h:6379' }],
    ['redis://:p@h', { password: 'p' }],
    ['redis://h?username=u&password=p+q%2B', { username: 'u', password: 'p q+' }],
    ['redis://u:p@h?username=u&password=p', { username: 'u', password: 'p' }],
    ['redis://u:p@p:q@h', { username: 'u', password: 'p@p:q', host: 'h' }],
    ['redis://u%3A:p%2F%3F%23%40%25@h', { username: 'u:', password: 'p/?#@%' }],
    ['redis://[::1]:7/3', { host: '::1', port: 7, db: 3 }],
    ['rediss://h?ssl_cert_reqs=CERT_REQUIRED&ssl_check_hostname=True&protocol=2', { tls: true, host: 'h' }],
    ['  redis://h/3?  ', { db: 3 }],
    ['redis://h/3?&', { db: 3 }],
  ])('%s is understood', (url, target) => {
    expect(parseRedisUrl(url)).toMatchObject(target);
  });

  test.each([
    ['redis://h/2?db=3', 'in its path and another in db='],
    ['redis://h/0?db=3', 'in its path and another in db='],
    ['redis://h?db=3&db=3', 'db twice'],
    ['redis://h?db=2&db=3', 'db twice'],
    ['redis://h?db=', 'an empty parameter db'],
    ['redis://h?db', 'an empty parameter db'],
    ['redis://h?db=x', 'database that is not a number'],
    ['redis://h?db=-1', 'database that is not a number'],
    ['redis://h?db=3/', 'database that is not a number'],
    ['redis://h?DB=3', 'write db='],
    ['redis://h?database=3', 'write db='],
    ['redis://h?dB=3', 'number 1'],
    ['redis://h?db=3;x=1', 'database that is not a number'],
    ['redis://h?db=%zz', 'db that is not percent-encoded'],
    ['redis://h/3/', 'database that is not a number'],
    ['redis://h//3', 'database that is not a number'],
    ['redis://h/3#', 'fragment'],
    ['redis://h/3#4', 'fragment'],
    ['redis://', 'no host'],
    ['redis:///3', 'no host'],
    ['redis://:6379/3', 'no host'],
    ['redis://h:/3', 'a port'],
    ['redis://h:0', 'a port'],
    ['redis://h:65536', 'a port'],
    ['redis://h:63x79', 'a port'],
    ['redis://a,b/3', 'several hosts'],
    ['redis://a:1,b:2/3', 'several hosts'],
    ['redis://::1/3', '[::1]'],
    ['redis://a b/3', 'host'],
    ['redis://h/3\n4', 'control character'],
    ['redis://u:p@h?username=v', 'keep one'],
    ['redis://u:p@h?password=q', 'keep one'],
    ['redis://u:%00@h', 'percent-encoded'],
    ['redis://u:%ff@h', 'percent-encoded'],
    ['redis:h/3', 'is not a URL'],
    ['redis:/h/3', 'is not a URL'],
    ['h:6379/3', 'is not a URL'],
    ['unix:///run/redis.sock?db=3', 'over TCP'],
    ['unix:///run/redis.sock', 'over TCP'],
    ['redis+socket:///run/redis.sock', 'over TCP'],
    ['redis+sentinel://h/mymaster', 'no sentinels'],
    ['valkey://h/3', 'write redis://'],
    ['redis://h?socket_timeout=5', 'socket_timeout, which is not understood: leave it out'],
    ['redis://h?health_check_interval=5', 'health_check_interval'],
    ['redis://h?decode_responses=True', 'decode_responses'],
    ['redis://h?protocol=3', 'protocol'],
    ['redis://h?keyPrefix=app:', 'keyPrefix'],
    ['redis://h?tls=true', 'write rediss://'],
    ['redis://h?ssl_cert_reqs=required', 'nothing would be encrypted'],
    ['rediss://h?ssl_cert_reqs=none', 'always does'],
    ['rediss://h?rejectUnauthorized=false', 'always does'],
    ['rediss://h?rejectunauthorized=false', 'number 1'],
    ['redis://h?constructor=1', 'number 1'],
    ['redis://h?__proto__=1', 'number 1'],
    ['redis://h?db=3&x=1', 'number 2'],
  ])('%j is refused', (url, why) => {
    expect(parseRedisUrl(url)).toContain(why);
  });
});

describe('POSTGRES_URL', () => {
  const parse = (url: string, environment = {}) => parsePostgresUrl(url, environment);

  test.each([
    ['postgresql://u:p@h:6543/d', { user: 'u', password: 'p', host: 'h', port: 6543, database: 'd' }],
    ['postgres://h/d', { host: 'h', port: 5432, database: 'd' }],
    ['postgresql+psycopg2://u:p@h/d', { user: 'u', password: 'p', host: 'h' }],
    ['postgresql+asyncpg://u:p@h/d?ssl=disable', { host: 'h' }],
    ['postgresql://u:p%2F%3F%23%40%25@h/a%2Fb%3F%23', { password: 'p/?#@%', database: 'a/b?#' }],
    ['postgresql://u:p@p@h/d', { password: 'p@p', host: 'h' }],
    ['postgresql://[::1]:6543/d', { host: '::1', port: 6543 }],
    ['postgresql:///d', { host: 'localhost', database: 'd' }],
    ['postgresql:///d?host=/run/postgresql&port=6543', { host: '/run/postgresql', port: 6543 }],
    ['postgresql://u@/d?host=/run/postgresql', { user: 'u', host: '/run/postgresql' }],
    ['postgresql://%2Frun%2Fpostgresql/d', { host: '/run/postgresql' }],
    [
      'postgresql://?host=h&user=u&password=p&dbname=d',
      { host: 'h', user: 'u', password: 'p', database: 'd' },
    ],
    ['postgresql://h/d?options=-c%20search_path%3Da', { options: '-c search_path=a' }],
    ['postgresql://h/d?options=-c+search_path%3Da', { options: '-c search_path=a' }],
    ['postgresql://h/d?options=-c search_path=a', { options: '-c search_path=a' }],
    ['postgresql://h/d?target_session_attrs=read-write&channel_binding=prefer', { host: 'h' }],
    ['postgresql://h/d?client_encoding=UTF8&gssencmode=disable', { host: 'h' }],
  ])('%s is understood', (url, login) => {
    expect(parse(url)).toMatchObject({ login });
  });

  test('what the URL leaves open is libpq’s to say, and what is displayed is what is used', () => {
    expect(parse('postgresql:///d', { PGHOST: 'other', PGPORT: '7' })).toMatchObject({
      login: { host: 'other', port: 7, database: 'd' },
      display: 'other:7/d',
    });
    expect(parse('postgresql:///d?host=/run/x')).toMatchObject({ display: '/run/x/d', tls: undefined });
    expect(parse('postgresql://[::1]:7/d')).toMatchObject({ display: '[::1]:7/d' });
  });

  test.each([
    ['postgresql://a,b/d', 'several hosts'],
    ['postgresql://a:1,b:2/d', 'several hosts'],
    ['postgresql:///d?host=a,b', 'several hosts'],
    ['postgresql://h/d?host=g', 'names one host'],
    ['postgresql://h:1/d?port=2', 'names one port'],
    ['postgresql://u@h/d?user=v', 'names one user'],
    ['postgresql://u:p@h/d?password=q', 'names one password'],
    ['postgresql://h/d?dbname=e', 'names one database'],
    ['postgresql://h/d?application_name=x', 'application_name, which is not understood'],
    ['postgresql://h/d?connect_timeout=10', 'connect_timeout'],
    ['postgresql://h/d?search_path=a', 'options=-csearch_path%3D'],
    ['postgresql://h/d?schema=a', 'options=-csearch_path%3D'],
    ['postgresql://h/d?target_session_attrs=standby', 'needs the primary'],
    ['postgresql://h/d?channel_binding=require', 'channel_binding=prefer'],
    ['postgresql://h/d?gssencmode=require', 'sslmode=verify-full'],
    ['postgresql://h/d?client_encoding=latin1', 'UTF-8'],
    ['postgresql://h/d?service=x', 'service'],
    ['postgresql://h/d?hostaddr=10.0.0.1', 'write host='],
    ['postgresql://h/d?pgbouncer=true', 'leave it out'],
    ['postgresql://h/d?binary=true', 'leave it out'],
    ['postgresql://h/d?options=-cx%3D1&options=-cy%3D1', 'options twice'],
    ['postgresql://h/d?options=', 'empty parameter options'],
    ['postgresql://h/d?sslmode', 'empty parameter sslmode'],
    ['postgresql://h/d?unheard=1', 'number 1'],
    ['postgresql://h/d?toString=1', 'number 1'],
    ['postgresql://h/d#', 'fragment'],
    ['postgresql://h:x/d', 'a port'],
    ['postgresql://h/d%', 'database name that is not percent-encoded'],
    ['jdbc:postgresql://h/d', 'is not a URL'],
    ['host=h dbname=d', 'is not a URL'],
  ])('%j is refused', (url, why) => {
    expect(parse(url)).toContain(why);
  });
});

// libpq takes a + as it is, knows `ssl` with JDBC's one value, and refuses what it does not know.
test.each([
  ['postgresql://u:p%40@h/d?options=-c%20search_path%3Da', '?options=-c%20search_path%3Da', 'p@'],
  [
    'postgresql://u@h/d?options=-c+search_path%3Da%2Bb&password=p+q',
    '?options=-c%20search_path%3Da%2Bb',
    'p q',
  ],
  ['postgresql://u@h/d?ssl=1&uselibpqcompat=true', '?sslmode=require', undefined],
  ['postgresql://u@h/d?ssl=false', '?sslmode=disable', undefined],
  ['postgresql://u@h/d?ssl=true&sslmode=verify-ca', '?sslmode=verify-ca', undefined],
  ['postgresql://u@h/d', '', undefined],
])('%s is told psql in its own words', (url, query, password) => {
  const target = parsePostgresUrl(url, {});
  if (typeof target === 'string') throw new Error(target);
  const { args, env } = asPsql(target);
  expect(args).toEqual([`--dbname=postgresql://u@h/d${query}`]);
  expect(env['PGPASSWORD']).toBe(password);
});

test('redis-cli is told where as well, and the password by its environment alone', () => {
  const target = parseRedisUrl('rediss://u:p%40@[::1]:7/3');
  if (typeof target === 'string') throw new Error(target);
  expect(asRedisCli(target)).toEqual({
    args: ['-h', '::1', '-p', '7', '-n', '3', '--tls', '--user', 'u'],
    env: { REDISCLI_AUTH: 'p@' },
  });
});

test('no piece of a password is said, however it stands in a broken URL', () => {
  // Each piece is unlike anything we say, so that finding it is finding the password.
  const piece = fc.stringMatching(/^[XYZ]{4,9}$/);
  const broken = fc.constantFrom(
    '@',
    '#',
    '/',
    '?',
    ':',
    '%',
    '&',
    '=',
    '%4',
    '%zz',
    ' ',
    '\\',
    '[',
    ']',
    ',',
    '/3',
    ':1',
    '?db=1&',
  );
  const password = fc
    .array(fc.tuple(piece, broken), { minLength: 1, maxLength: 4 })
    .chain((parts) => piece.map((last) => [...parts.flat(), last].join('')));
  const around = fc.constantFrom(
    ...['redis://u:PW@h:6379/3', 'redis://:PW@h', 'rediss://u:PW@[::1]:6379/0?db=0', 'redis://u:PW@/3'],
    ...[
      'redis://PW@h/3',
      'redis://h?password=PW',
      'redis://u:PW@h:port',
      'u:PW@h',
      'redis:PW@h',
      'unix://u:PW@/x',
    ],
    ...[
      'postgresql://u:PW@h:5432/d',
      'postgresql://u:PW@/d?host=/x',
      'postgresql+psycopg2://u:PW@h/d?sslmode=require',
    ],
    ...[
      'postgresql://u:PW@h:port/d',
      'postgresql://h/d?password=PW',
      'postgresql//u:PW@h/d',
      'jdbc:postgresql://u:PW@h/d',
    ],
  );
  fc.assert(
    fc.property(password, around, (secret, form) => {
      const url = form.replace('PW', () => secret);
      const said: string[] = [];
      for (const name of ['REDIS_URL', 'POSTGRES_URL']) {
        try {
          const { redis, postgres } = loadConfig({ [name]: url });
          said.push(redis.display, postgres?.display ?? '');
        } catch (error) {
          said.push(JSON.stringify(describeError(error)));
        }
      }
      expect(said.join('\n')).not.toMatch(/[XYZ]{2}/);
    }),
    { numRuns: 1_500 },
  );
});
