import type { RedisTarget } from '../connections/redis-url';
import { type CertificateFiles, type Certificates, openCertificates } from '../connections/tls';

/** The certificates of the settings, or else of the URL. A string says what is wrong. */
export function redisCertificates(
  url: RedisTarget | undefined,
  files: CertificateFiles,
): Certificates | undefined | string {
  const names = { ca: 'REDIS_CA_FILE', cert: 'REDIS_CERT_FILE', key: 'REDIS_KEY_FILE' };
  const first = (['ca', 'cert', 'key'] as const).find((which) => files[which] !== undefined);
  if (first === undefined) return url?.certificates;
  if (url?.tls !== true)
    return `${names[first]} is set, but REDIS_URL is not rediss://…: nothing would be encrypted`;
  return openCertificates(files, names);
}
