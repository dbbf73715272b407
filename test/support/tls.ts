import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

export interface Identity {
  readonly cert: string;
  readonly key: string;
  /** Where they are, in PEM. */
  readonly certFile: string;
  readonly keyFile: string;
}

/** What a server's certificate can be, and a client's. */
export interface TestCertificates {
  readonly folder: string;
  readonly ca: Identity;
  readonly otherCa: Identity;
  /** For localhost and 127.0.0.1. */
  readonly server: Identity;
  readonly expired: Identity;
  /** For elsewhere.example alone. */
  readonly otherHost: Identity;
  /** Signed by nobody but itself, for localhost and 127.0.0.1. */
  readonly selfSigned: Identity;
  readonly client: Identity;
  /** Signed by the other authority. */
  readonly otherClient: Identity;
}

/** Of files `<path>.crt` and `<path>.key`. */
export function identityOf(path: string): Identity {
  const [certFile, keyFile] = [`${path}.crt`, `${path}.key`];
  return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
}

const day = 86_400_000;

/** Real certificates, in files that any user can read; gone after the test file. Call inside `beforeAll`. */
export async function testCertificates(): Promise<TestCertificates> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-tls-'));
  chmodSync(folder, 0o755);
  folders.push(folder);
  const issue = async (name: string, { by, names = [], from = -1, to = 30 }: Order): Promise<Identity> => {
    const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
      keyType: 'ec',
      algorithm: 'sha256',
      notBeforeDate: new Date(Date.now() + from * day),
      notAfterDate: new Date(Date.now() + to * day),
      extensions: [
        { name: 'basicConstraints', cA: by === undefined, critical: true },
        ...(names.length === 0 ? [] : [{ name: 'subjectAltName' as const, altNames: names.map(altName) }]),
      ],
      ...(by === undefined ? {} : { ca: { cert: by.cert, key: by.key } }),
    });
    const path = join(folder, name);
    writeFileSync(`${path}.crt`, cert);
    writeFileSync(`${path}.key`, key);
    return identityOf(path);
  };
  const local = ['localhost', '127.0.0.1'];
  const [ca, otherCa] = await Promise.all([issue('ca', {}), issue('other-ca', {})]);
  const [server, expired, otherHost, selfSigned, client, otherClient] = await Promise.all([
    issue('server', { by: ca, names: local }),
    issue('expired', { by: ca, names: local, from: -10, to: -2 }),
    issue('other-host', { by: ca, names: ['elsewhere.example'] }),
    issue('self-signed', { names: local }),
    issue('client', { by: ca }),
    issue('other-client', { by: otherCa }),
  ]);
  return { folder, ca, otherCa, server, expired, otherHost, selfSigned, client, otherClient };
}

interface Order {
  readonly by?: Identity;
  readonly names?: readonly string[];
  /** Days from now. */
  readonly from?: number;
  readonly to?: number;
}

const altName = (name: string) =>
  /^[\d.]+$/.test(name) ? ({ type: 7, ip: name } as const) : ({ type: 2, value: name } as const);

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
