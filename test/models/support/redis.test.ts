import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { checkRedis, createRedis, retryDelayMs, waitForRedis } from '../../../models/support/redis';
import type { RedisClient, RedisOptions } from '../../../models/support/redis';
import { closedPort } from '../../support/closed-port';
import { startRedisServer } from '../../support/redis-server';
import type { RedisServer } from '../../support/redis-server';
import { tempFolder } from '../../support/temp-folder';
import { waitFor } from '../../support/wait-for';

const PASSWORD = "p@ss:w/rd#?%' long";
const folder = tempFolder();

describe('createRedis', () => {
  let server: RedisServer;
  const clients: RedisClient[] = [];
  const connect = (options: Partial<RedisOptions> = {}) => {
    const client = createRedis({ url: server.url, role: 'producer', purpose: 'test', ...options });
    clients.push(client);
    return client;
  };
  const withUser = (user: string, password: string) =>
    server.url.replace('//', `//${user}:${encodeURIComponent(password)}@`);

  beforeAll(async () => {
    server = await startRedisServer();
    const client = connect();
    await waitForRedis(client, 'test', 5000);
    await client.acl('SETUSER', 'camera', 'on', `>${PASSWORD}`, '~*', '+@all');
  });
  afterAll(async () => {
    for (const client of clients) client.disconnect();
    await server.close();
  });

  it('logs in with a user and a password of any characters', async () => {
    const client = connect({ url: withUser('camera', PASSWORD) });
    await waitForRedis(client, 'test', 5000);
    expect(await client.acl('WHOAMI')).toBe('camera');
  });

  it('names its connection after its purpose and process', async () => {
    const client = connect({ purpose: 'naming' });
    await waitForRedis(client, 'test', 5000);
    expect(await client.client('GETNAME')).toBe(`sightline-naming-${process.pid}`);
  });

  it('selects the database of the URL', async () => {
    const client = connect({ url: `${server.url}/3` });
    await waitForRedis(client, 'test', 5000);
    expect(await client.client('INFO')).toContain(' db=3 ');
  });

  it('says at once that a password is wrong, without printing it anywhere', async () => {
    const wrong = 'wrong@pass/word';
    const errors: Error[] = [];
    const client = connect({ url: withUser('camera', wrong), onError: (error) => errors.push(error) });
    const error: unknown = await waitForRedis(client, 'redis://here', 60_000).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'auth' });
    const shown = inspect([error, errors], { depth: 12, showHidden: true });
    expect(shown).toContain('auth: redis://here: expected to be let in, got WRONGPASS');
    for (const form of [wrong, encodeURIComponent(wrong)]) expect(shown).not.toContain(form);
  });

  it('fails commands of a producer at once while Redis is away, and works again when it is back', async () => {
    const errors: Error[] = [];
    const client = connect({ onError: (error) => errors.push(error) });
    await waitForRedis(client, 'test', 5000);
    await server.stop();
    await waitFor(() => client.status !== 'ready', { what: 'the connection to be lost' });
    await expect(client.ping()).rejects.toThrow();
    await waitFor(() => errors.length > 0, { what: 'a failed attempt' });
    expect(errors[0]).toMatchObject({ code: 'refused' });
    await server.start();
    await waitForRedis(client, 'test', 10_000);
    expect(await client.ping()).toBe('PONG');
  });

  it('keeps commands of a consumer until Redis is back', async () => {
    const client = connect({ role: 'consumer' });
    await waitForRedis(client, 'test', 5000);
    await server.stop();
    await waitFor(() => client.status !== 'ready', { what: 'the connection to be lost' });
    const pong = client.ping();
    await server.start();
    expect(await pong).toBe('PONG');
  });

  it('takes a server that owes a reply for dead', async () => {
    const client = connect({ replyTimeoutMs: 200 });
    await waitForRedis(client, 'test', 5000);
    server.freeze();
    await expect(client.ping()).rejects.toThrow();
    server.thaw();
    await waitForRedis(client, 'test', 10_000);
  });

  it('rejects what waits for a connection that is closed on purpose', async () => {
    const client = connect();
    const waiting = waitForRedis(client, 'test', 60_000);
    client.disconnect();
    await expect(waiting).rejects.toThrow(/^timeout: test/);
    await expect(waitForRedis(client, 'test', 60_000)).rejects.toThrow(/^timeout: test/);
  });

  it('rejects what waits for a connection when that is given up between two attempts', async () => {
    const client = connect({ url: `redis://127.0.0.1:${await closedPort()}` });
    const stop = new AbortController();
    const waiting = waitForRedis(client, 'test', 60_000, stop.signal);
    await waitFor(() => client.status === 'reconnecting', { what: 'an attempt to fail' });
    client.disconnect();
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'refused' });
    await expect(waitForRedis(client, 'test', 60_000, stop.signal)).rejects.toThrow(/expected a connection/);
  });

  it('waits longer between attempts, from 50 ms up to 1 s', () => {
    expect([1, 2, 3, 5, 6, 1000].map(retryDelayMs)).toEqual([50, 100, 200, 800, 1000, 1000]);
  });

  it('refuses what is no Redis URL without repeating it', () => {
    const connectTo = (url: string) => () => createRedis({ url, role: 'producer', purpose: 'test' });
    expect(connectTo('http://u:sesame-open@h')).toThrow(/^config: Redis URL: expected redis/);
    expect(connectTo('http://u:sesame-open@h')).not.toThrow(/sesame/);
  });

  it('reports version and policy, and refuses every policy but noeviction', async () => {
    const client = connect();
    await waitForRedis(client, 'test', 5000);
    await expect(checkRedis(client, 'r')).resolves.toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      maxmemoryPolicy: 'noeviction',
    });
    for (const policy of ['allkeys-lru', 'volatile-ttl']) {
      await client.config('SET', 'maxmemory-policy', policy);
      await expect(checkRedis(client, 'r')).rejects.toThrow(`got ${policy}`);
    }
    await client.config('SET', 'maxmemory-policy', 'noeviction');
  });

  it('says that it may not ask for INFO', async () => {
    const admin = connect();
    await waitForRedis(admin, 'test', 5000);
    await admin.acl('SETUSER', 'blind', 'on', `>${PASSWORD}`, '~*', '+@all', '-info');
    const client = connect({ url: withUser('blind', PASSWORD) });
    await waitForRedis(client, 'test', 5000);
    await expect(checkRedis(client, 'r')).rejects.toThrow(/^auth: r: .*NOPERM/);
  });

  it('speaks TLS to a rediss URL and checks the certificate', async () => {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject],
      {
        stdio: 'ignore',
      },
    );
    const tlsPort = await closedPort();
    const files = [
      '--tls-cert-file',
      cert,
      '--tls-key-file',
      key,
      '--tls-ca-cert-file',
      cert,
      '--tls-auth-clients',
      'no',
    ];
    const secure = await startRedisServer(['--tls-port', String(tlsPort), ...files]);
    try {
      const url = `rediss://localhost:${tlsPort}`;
      const trusting = connect({ url, tls: { ca: readFileSync(cert) } });
      await waitForRedis(trusting, 'test', 5000);
      expect(await trusting.ping()).toBe('PONG');
      await expect(waitForRedis(connect({ url }), 'test', 500)).rejects.toThrow(/self-signed certificate/);
    } finally {
      await secure.close();
    }
  });
});
