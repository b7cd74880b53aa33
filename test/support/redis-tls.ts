import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closedPort } from './closed-port';
import { startRedisServer } from './redis-server';

/** What Sightline needs of Redis, and no more: its own keys, no administration. */
const ACL_RULES =
  '~sightline:* ~{sightline}:* ~{sightline:* resetchannels -@all +@read +@write +@connection +@transaction -@dangerous ' +
  '+eval +evalsha +script|load +script|exists +info +time +cluster|slots +cluster|info';

const USER = 'sightline';
const PASSWORD = 'p@ss:w/rd';

export interface TlsRedis {
  readonly port: number;
  /** With user, password and the authority's certificate, by address. */
  readonly url: string;
  /** Paths of PEM files: the authority, another one that signed nothing, and a client's certificate with its key. */
  readonly files: Readonly<Record<'ca' | 'otherCa' | 'cert' | 'key', string>>;
  /** The URL with other parts. */
  urlWith(parts: { host?: string; password?: string; query?: string }): string;
  close(): Promise<void>;
}

/**
 * A redis-server that speaks TLS alone, with a certificate for 127.0.0.1 and localhost that its own authority signed, and lets
 * in the user `sightline` alone. With `isMutual` it wants a certificate of the client, too. Needs `openssl`.
 */
export async function startTlsRedis(isMutual = false): Promise<TlsRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'sightline-tls-'));
  const path = (name: string) => join(folder, name);
  try {
    createAuthority(path('ca'));
    createAuthority(path('other'));
    createCertificate(path('server'), path('ca'), 'subjectAltName=DNS:localhost,IP:127.0.0.1');
    createCertificate(path('client'), path('ca'), 'extendedKeyUsage=clientAuth');
    writeFileSync(path('users.acl'), `user default off\nuser ${USER} on >${PASSWORD} ${ACL_RULES}\n`);
    const port = await closedPort();
    const files = ['--tls-cert-file', path('server.crt'), '--tls-key-file', path('server.key')];
    const trust = ['--tls-ca-cert-file', path('ca.crt'), '--tls-auth-clients', isMutual ? 'yes' : 'no'];
    const args = ['--port', '0', '--tls-port', String(port), ...files, ...trust];
    const server = await startRedisServer([...args, '--aclfile', path('users.acl')], { port });
    const urlWith: TlsRedis['urlWith'] = ({
      host = '127.0.0.1',
      password = PASSWORD,
      query = `ca=${path('ca.crt')}`,
    }) => `rediss://${USER}:${encodeURIComponent(password)}@${host}:${String(port)}?${query}`;
    return {
      port,
      url: urlWith({}),
      files: {
        ca: path('ca.crt'),
        otherCa: path('other.crt'),
        cert: path('client.crt'),
        key: path('client.key'),
      },
      urlWith,
      async close() {
        await server.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Writes `<path>.crt` and `<path>.key`. */
function createAuthority(path: string): void {
  const files = ['-keyout', `${path}.key`, '-out', `${path}.crt`];
  openssl(['req', '-x509', ...NEW_KEY, ...files, '-subj', '/CN=Sightline test authority', '-days', '2']);
}

/** Writes `<path>.crt`, signed by the authority, and `<path>.key`. */
function createCertificate(path: string, authority: string, extension: string): void {
  openssl(['req', ...NEW_KEY, '-keyout', `${path}.key`, '-out', `${path}.csr`, '-subj', '/CN=localhost']);
  writeFileSync(`${path}.ext`, `${extension}\n`);
  const signer = ['-CA', `${authority}.crt`, '-CAkey', `${authority}.key`, '-CAcreateserial'];
  const files = ['-in', `${path}.csr`, '-out', `${path}.crt`, '-extfile', `${path}.ext`];
  openssl(['x509', '-req', ...files, ...signer, '-days', '2']);
}

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'ignore' });
}
