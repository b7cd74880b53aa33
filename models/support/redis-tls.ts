import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { PipelineError, toError } from '../domain/errors';
import type { RedisTlsFiles } from './redis-url';

/** What the PEM files hold, as `tls.connect` takes it. */
export interface RedisTlsPems {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * Reads the PEM files of a URL. Throws a PipelineError `config` that names the file when one is missing or holds something
 * else: the connection would fail with less to say, or not at all.
 */
export function readTlsFiles({ ca, cert, key }: RedisTlsFiles): RedisTlsPems {
  const pems: RedisTlsPems = {
    ...(ca !== undefined && { ca: readPem(ca, 'a certificate') }),
    ...(cert !== undefined && { cert: readPem(cert, 'a certificate') }),
    ...(key !== undefined && { key: readPem(key, 'a private key') }),
  };
  if (ca !== undefined) attempt(ca, 'a certificate in PEM', () => new X509Certificate(pems.ca!));
  if (cert !== undefined) attempt(cert, 'a certificate in PEM', () => new X509Certificate(pems.cert!));
  if (key !== undefined) {
    const { cert: shown, key: secret } = pems;
    attempt(key, 'the key of the certificate, in PEM and without a passphrase', () =>
      createSecureContext({ cert: shown, key: secret }),
    );
  }
  return pems;
}

function readPem(path: string, what: string): string {
  return attempt(path, `${what} in PEM`, () => readFileSync(path, 'utf8'));
}

function attempt<T>(path: string, expected: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    const got = code === 'ENOENT' ? 'no such file' : toError(error).message;
    throw new PipelineError('config', `${path}: expected ${expected}, got ${got}`);
  }
}
