import { localFault } from '../../src/foundation/local-fault';
import { RedisConnection } from '../../src/connections/redis';
import { translatePostgres } from '../../src/connections/postgres/postgres-errors';
import { redisTarget } from '../../src/connections/redis-url';

test.each(['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'EADDRNOTAVAIL', 'EACCES', 'EPERM'])(
  '%s is told as a lack of this machine, not as a lost server',
  (code) => {
    const error = Object.assign(new Error(`connect ${code} 127.0.0.1:1`), { code });
    const told = { code: 'E_LOCAL_RESOURCES', kind: 'retryable' };
    expect(translatePostgres(error, 'db:5432')).toMatchObject(told);
    const redis = new RedisConnection(redisTarget({ host: 'cache', port: 6379, db: 0 }), 'test');
    expect(redis.translate(error)).toMatchObject(told);
    redis.close();
  },
);

test.each(['ECONNREFUSED', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'SQLITE_CANTOPEN'])(
  '%s is none while files can be opened',
  (code) => {
    expect(localFault(Object.assign(new Error(code), { code }), 'x')).toBeUndefined();
  },
);
