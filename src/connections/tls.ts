import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { type ConnectionOptions, createSecureContext, type SecureContext } from 'node:tls';
import { describeError } from '../foundation/errors';

/** Paths of PEM files. `ca` replaces the public authorities that Node knows; `cert` and `key` are shown to a server that asks. */
export interface CertificateFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Certificates from files, which may be renewed while we run. */
export interface Certificates {
  readonly files: CertificateFiles;
  /** The files' contents now; or the last good ones, while a file is missing or the key does not fit the certificate yet. */
  readonly context: () => SecureContext;
}

/** @returns the certificates, or a string that says what is wrong with the files; it names them by `names` and quotes nothing */
export function openCertificates(
  files: CertificateFiles,
  names: Readonly<Record<keyof CertificateFiles, string>>,
): Certificates | string {
  if ((files.cert === undefined) !== (files.key === undefined))
    return `${files.cert === undefined ? names.cert : names.key} is missing: ${names.cert} and ${names.key} go together`;
  const read = (which: keyof CertificateFiles): Record<string, string> => {
    const path = files[which];
    if (path === undefined) return {};
    try {
      const pem = readFileSync(path, 'utf8');
      // Node silently takes a CA file that holds no certificate for an empty list.
      if (which !== 'key') new X509Certificate(pem);
      return { [which]: pem };
    } catch (error) {
      const { code } = describeError(error);
      const why = code.startsWith('ERR_') ? 'holds no certificate (PEM)' : `cannot be read (${code})`;
      throw new Error(`the file of ${names[which]} ${why}`, { cause: error });
    }
  };
  const load = (): SecureContext => {
    const pem = { ...read('ca'), ...read('cert'), ...read('key') };
    try {
      return createSecureContext(pem);
    } catch (error) {
      // The key is encrypted, is another certificate's, or is no key at all.
      const why = describeError(error).message.replace(/^error:[^:]*:/, '');
      throw new Error(`the files of ${names.cert} and ${names.key} cannot be used: ${why}`, { cause: error });
    }
  };
  let last: SecureContext;
  try {
    last = load();
  } catch (error) {
    return describeError(error).message;
  }
  return {
    files,
    context: () => {
      try {
        last = load();
      } catch {
        // The files are half renewed, or gone: the last good ones are used, and if the server refuses these, its answer says why.
      }
      return last;
    },
  };
}

/** Options that always verify, whatever NODE_TLS_REJECT_UNAUTHORIZED says. The files are read anew for each connection. */
export function tlsOptions(host: string, certificates: Certificates | undefined): ConnectionOptions {
  const options: ConnectionOptions = {
    rejectUnauthorized: true,
    // Server name indication is for names alone; Node compares an address with the certificate all the same.
    ...(isIP(host) === 0 ? { servername: host } : {}),
  };
  if (certificates === undefined) return options;
  return Object.defineProperty(options, 'secureContext', { enumerable: true, get: certificates.context });
}

/** What to tell of a connection that failed because of TLS. */
export interface TlsFailure {
  readonly reason: string;
  readonly hint: string;
}

/** The names of the settings that TLS needs, for messages. */
export interface TlsWords {
  readonly ca: string;
  readonly clientCertificate: string;
}

/** @returns undefined: the failure has nothing to do with TLS; `plain`: the other side does not speak TLS */
export function tlsFailure(error: unknown, words: TlsWords): TlsFailure | 'plain' | undefined {
  const { code, message } = describeError(error);
  const unknownAuthority = {
    reason: 'its certificate is not signed by an authority that is known here',
    hint: `Let ${words.ca} name a file with the certificate of the authority that signed it (a self-signed certificate is its own), or add it to NODE_EXTRA_CA_CERTS.`,
  };
  switch (code) {
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return {
        reason: `its certificate ${code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet'}`,
        hint: 'Renew the certificate of the server (or of its authority), and check the clock of this machine.',
      };
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return unknownAuthority;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return {
        reason: `its certificate is for other names (${message
          .replace(/^.*?altnames?: ?/i, '')
          .replace(/[:\s]+$/, '')
          .slice(0, 200)})`,
        hint: 'Let the URL use a name that the certificate has, or give the server a certificate for the name in the URL.',
      };
  }
  if (/alert (certificate|bad certificate|unknown ca|handshake failure|access denied)/i.test(message)) {
    return {
      reason: `it refused our side: ${/alert ([a-z ]+)/i.exec(message)?.[1] ?? ''}`.trim(),
      hint: `It wants a client certificate that it trusts: ${words.clientCertificate}.`,
    };
  }
  if (/wrong version number|packet length too long/i.test(message)) return 'plain';
  if (/^(ERR_SSL_|ERR_TLS_|CERT_|EPROTO$|INVALID_(CA|PURPOSE)$)/.test(code)) {
    return {
      reason: message.replace(/^.*?:SSL routines:[^:]*:/, '').split(/[:\n]/)[0] ?? code,
      hint: `Check the certificates of both sides (${words.ca}).`,
    };
  }
  return undefined;
}
