import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkRedis, createRedis, waitForRedis } from '../../../models/support/redis';
import type { RedisClient } from '../../../models/support/redis';
import { readTlsFiles } from '../../../models/support/redis-tls';
import { startTlsRedis } from '../../support/redis-tls';
import type { TlsRedis } from '../../support/redis-tls';
import { tempFolder } from '../../support/temp-folder';

const folder = tempFolder();
let redis: TlsRedis;
const clients: RedisClient[] = [];
const connect = (url: string) => {
  const client = createRedis({ url, role: 'producer', purpose: 'test' });
  clients.push(client);
  return client;
};

beforeAll(async () => {
  redis = await startTlsRedis();
});
afterAll(async () => {
  for (const client of clients) client.disconnect();
  await redis.close();
});

describe('createRedis with TLS', () => {
  it.each(['127.0.0.1', 'localhost'])(
    'works at %s as the user that may do what it needs alone',
    async (host) => {
      const client = connect(redis.urlWith({ host }));
      await waitForRedis(client, 'test', 5000);
      await checkRedis(client, 'test');
      await client.set('sightline:a', 'b');
      expect(await client.eval('return redis.call("GET", KEYS[1])', 1, 'sightline:a')).toBe('b');
      await expect(client.set('other', 'b')).rejects.toThrow('NOPERM');
      await expect(client.flushall()).rejects.toThrow('NOPERM');
    },
  );

  it('says at once that the password is wrong', async () => {
    const client = connect(redis.urlWith({ password: 'wrong' }));
    await expect(waitForRedis(client, 'test', 60_000)).rejects.toThrow(/^auth: test: .*WRONGPASS/);
  });

  it('says at once that it does not trust the authority', async () => {
    const other = connect(redis.urlWith({ query: `ca=${redis.files.otherCa}` }));
    await expect(waitForRedis(other, 'test', 60_000)).rejects.toThrow(
      /^config: test: .*SELF_SIGNED_CERT_IN_CHAIN/,
    );
  });

  it.each([
    ['rediss+sentinel', '/mymaster'],
    ['rediss+cluster', ''],
  ])('says at once that it does not trust the authority behind %s', async (scheme, path) => {
    const url = `${scheme}://127.0.0.1:${String(redis.port)}${path}?ca=${redis.files.otherCa}`;
    await expect(waitForRedis(connect(url), 'test', 60_000)).rejects.toThrow(
      /^config: test: .*SELF_SIGNED_CERT_IN_CHAIN/,
    );
  });

  it('says at once that the certificate is for another host', async () => {
    const elsewhere = connect(redis.urlWith({ host: '127.1' }));
    await expect(waitForRedis(elsewhere, 'test', 60_000)).rejects.toThrow(/^config: test: .*ALTNAME/);
  });

  it('shows the certificate of the URL to a server that wants one', async () => {
    const mutual = await startTlsRedis(true);
    try {
      const { ca, cert, key } = mutual.files;
      const client = connect(mutual.urlWith({ query: `ca=${ca}&cert=${cert}&key=${key}` }));
      await waitForRedis(client, 'test', 5000);
      const without = connect(mutual.url);
      await expect(waitForRedis(without, 'test', 60_000)).rejects.toThrow(
        /^config: test: .*got tlsv13 alert certificate required/,
      );
    } finally {
      await mutual.close();
    }
  });

  it('names a PEM file that is missing', () => {
    const url = redis.urlWith({ query: 'ca=/nowhere/ca.pem' });
    expect(() => connect(url)).toThrow(
      'config: /nowhere/ca.pem: expected a certificate in PEM, got no such file',
    );
  });
});

describe('readTlsFiles', () => {
  it('gives what the files hold', () => {
    const { ca, cert, key } = redis.files;
    const texts = [ca, cert, key].map((path) => readFileSync(path, 'utf8'));
    expect(Object.values(readTlsFiles({ ca, cert, key }))).toEqual(texts);
    expect(readTlsFiles({})).toEqual({});
  });

  it('names a file that holds something else', () => {
    const path = join(folder, 'text.pem');
    writeFileSync(path, 'no certificate');
    const { cert, key } = redis.files;
    const expected = `config: ${path}: expected`;
    expect(() => readTlsFiles({ ca: path })).toThrow(`${expected} a certificate`);
    expect(() => readTlsFiles({ cert: path, key })).toThrow(`${expected} a certificate`);
    expect(() => readTlsFiles({ cert, key: path })).toThrow(`${expected} the key of the certificate`);
  });
});
