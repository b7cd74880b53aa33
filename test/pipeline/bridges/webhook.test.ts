import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { createWebhook } from '../../../pipeline/bridges/webhook';
import type { WebhookOptions } from '../../../pipeline/bridges/webhook';
import type { BridgeTarget } from '../../../pipeline/bridges/target';
import { notices, started } from '../../support/bridged';
import { closedPort } from '../../support/closed-port';
import { startedEvent } from '../../support/events';
import { waitFor } from '../../support/wait-for';
import { startWebhookServer } from '../../support/webhook-server';
import type { WebhookServer } from '../../support/webhook-server';

const LOOPBACK = ['127.0.0.0/8'];

describe('the webhook', () => {
  let server: WebhookServer;
  const open: BridgeTarget[] = [];
  beforeEach(async () => {
    server = await startWebhookServer();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((target) => target.close()));
    await server.close();
  });

  function webhook(options: Partial<WebhookOptions> = {}) {
    const { told, ...listeners } = notices();
    const target = createWebhook({
      ...{
        url: server.url,
        headers: {},
        timeoutMs: 5000,
        retryForMs: 60_000,
        concurrency: 4,
        allow: LOOPBACK,
      },
      ...{ retryFirstMs: 10, ...listeners },
      ...options,
    });
    open.push(target);
    return { ...target, told };
  }

  /** Answers with these in turn, then with 204. */
  function answerWith(...statuses: number[]): void {
    server.answer = (_hook, response) => void response.writeHead(statuses.shift() ?? 204).end();
  }

  const tracks = () =>
    server.hooks.map(({ body }) => (JSON.parse(body) as ReturnType<typeof startedEvent>).data.trackId);

  it.each(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'a secret of some length'])(
    'posts a CloudEvent that is signed as Standard Webhooks has it (%s)',
    async (secret) => {
      const hook = webhook({ secret, headers: { 'x-key': 'k' } });
      expect(await hook.deliver(started(1))).toEqual({ kind: 'delivered' });
      const { headers, body, path } = server.hooks[0]!;
      expect(JSON.parse(body)).toEqual(startedEvent(1));
      expect(path).toBe('/hook');
      expect(headers).toMatchObject({
        'content-type': 'application/cloudevents+json; charset=utf-8',
        'webhook-id': startedEvent(1).id,
        'x-key': 'k',
      });
      const reader = secret.startsWith('whsec_')
        ? new Webhook(secret)
        : new Webhook(secret, { format: 'raw' });
      const signed = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, String(value)]),
      );
      expect(reader.verify(body, signed)).toEqual(startedEvent(1));
      expect(() => reader.verify(body.replace('person', 'car'), signed)).toThrow();
    },
  );

  it('refuses a whsec_ secret that is no base64', () => {
    expect(() => webhook({ secret: 'whsec_not base64 at all!!' })).toThrow(
      'expected whsec_ and at least 16 bytes',
    );
  });

  it('keeps the order of a camera while others overtake it', async () => {
    const held: (() => void)[] = [];
    server.answer = ({ body }, response) => {
      if (body.includes('"front-0-0"')) held.push(() => void response.writeHead(204).end());
      else response.writeHead(204).end();
    };
    const hook = webhook();
    const all = [
      hook.deliver(started(0)),
      hook.deliver(started(1)),
      hook.deliver(started(2)),
      hook.deliver(started(0, 'back')),
    ];
    await all[3];
    expect(tracks()).toEqual(['front-0-0', 'back-0-0']);
    held[0]!();
    await Promise.all(all);
    expect(tracks()).toEqual(['front-0-0', 'back-0-0', 'front-0-1', 'front-0-2']);
  });

  it('has no more requests under way than it may', async () => {
    const held: (() => void)[] = [];
    server.answer = (_hook, response) => void held.push(() => void response.writeHead(204).end());
    const hook = webhook({ concurrency: 2 });
    const all = Array.from({ length: 6 }, (_, n) => hook.deliver(started(n, `camera-${String(n)}`)));
    for (let done = 0; done < 6; done += 2) {
      await server.until(done + 2);
      expect(server.hooks).toHaveLength(done + 2);
      for (const answer of held.splice(0)) answer();
    }
    await Promise.all(all);
  });

  it('tries again what a server does not take, with the same id, and tells of it once', async () => {
    answerWith(500, 503, 429, 404, 302);
    const hook = webhook();
    expect(await hook.deliver(started(1))).toEqual({ kind: 'delivered' });
    expect(new Set(server.hooks.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(server.hooks).toHaveLength(6);
    expect(hook.told.map((one) => /got (\d+)|recovered/.exec(one)?.[0])).toEqual([
      ...['got 500', 'got 503', 'got 429', 'got 404', 'got 302', 'recovered'],
    ]);
  });

  it('tries again after a server that hangs, one that closes, and one that is not there', async () => {
    const answers = ['hang', 'close'];
    server.answer = (_hook, response) => {
      const how = answers.shift();
      if (how === 'close') response.destroy();
      else if (how === undefined) response.writeHead(204).end();
    };
    const hook = webhook({ timeoutMs: 200 });
    expect(await hook.deliver(started(1))).toEqual({ kind: 'delivered' });
    expect(hook.told[0]).toContain('expected an answer within 200 ms, got none');
    expect(hook.told[1]).toContain('expected an answer, got socket hang up');
    const nobody = webhook({ url: `http://127.0.0.1:${String(await closedPort())}/`, retryForMs: 0 });
    expect(await nobody.deliver(started(1))).toMatchObject({
      kind: 'refused',
      reason: expect.stringMatching(/ECONNREFUSED/),
    });
  });

  it('gives up events of a camera that always fails once they leave no room for those of others', async () => {
    server.answer = ({ body }, response) =>
      void response.writeHead(body.includes('"back-') ? 204 : 500).end();
    const hook = webhook({ patienceMs: 50 });
    let refused = 0;
    const all = Array.from({ length: 250 }, (_, n) =>
      hook.deliver(started(n)).then(({ kind }) => {
        if (kind === 'refused') refused++;
      }),
    );
    await waitFor(() => server.hooks.length > 2, { what: 'failures' });
    expect(refused).toBe(0);
    expect(await hook.deliver(started(0, 'back'))).toEqual({ kind: 'delivered' });
    // 191 are no crowd any more.
    await waitFor(() => refused === 59, { what: 'room to be made' });
    const { length } = server.hooks;
    await server.until(length + 2);
    expect(refused).toBe(59);
    await hook.close();
    await Promise.allSettled(all);
  });

  it('waits for as long as it is asked to', async () => {
    server.answer = (_hook, response) => void response.writeHead(429, { 'retry-after': '30' }).end();
    const hook = webhook({ retryForMs: 29_000 });
    expect(await hook.deliver(started(1))).toMatchObject({
      kind: 'refused',
      reason: expect.stringMatching(/got 429/),
    });
    expect(server.hooks).toHaveLength(1);
  });

  it('gives up at once what no repetition mends, and goes on with the next', async () => {
    answerWith(400);
    const hook = webhook();
    expect(await Promise.all([hook.deliver(started(1)), hook.deliver(started(2))])).toEqual([
      { kind: 'refused', reason: 'expected an answer 2xx, got 400' },
      { kind: 'delivered' },
    ]);
  });

  it.each([
    'http://127.0.0.1:PORT/',
    'http://localhost:PORT/',
    'http://[::ffff:127.0.0.1]:PORT/',
    'http://2130706433:PORT/',
  ])('does not connect to %s unless it is allowed', async (template) => {
    const url = template.replace('PORT', String(server.port));
    const hook = webhook({ url, allow: [], retryForMs: 0 });
    const outcome = await hook.deliver(started(1));
    expect(outcome).toMatchObject({
      kind: 'refused',
      reason: /expected a public address or one of the networks in "allow", got/,
    });
    expect(server.hooks).toHaveLength(0);
  });

  it('follows a redirect that repeats the request, without what is for the first server alone', async () => {
    const other = await startWebhookServer();
    try {
      server.answer = (_hook, response) => void response.writeHead(307, { location: other.url }).end();
      const url = server.url.replace('//', '//user:secret-word@');
      const hook = webhook({
        url,
        headers: { 'x-key': 'k' },
        secret: 'a secret of some length',
      });
      expect(await hook.deliver(started(1))).toEqual({ kind: 'delivered' });
      expect(server.hooks[0]!.headers).toMatchObject({
        authorization: `Basic ${Buffer.from('user:secret-word').toString('base64')}`,
        'x-key': 'k',
      });
      expect(other.hooks[0]!.body).toBe(server.hooks[0]!.body);
      expect(Object.keys(other.hooks[0]!.headers)).toEqual(expect.arrayContaining(['webhook-signature']));
      expect(other.hooks[0]!.headers).not.toMatchObject({ 'x-key': 'k' });
      expect(other.hooks[0]!.headers.authorization).toBeUndefined();
      expect(hook.told).toEqual([]);
    } finally {
      await other.close();
    }
  });

  it.each([
    ['a private address', 'http://10.0.0.1:9/', /got 10\.0\.0\.1 \(private\)/],
    ['a link-local one', 'http://169.254.169.254/latest/meta-data', /got 169\.254\.169\.254 \(link local\)/],
    ['another scheme', 'file:///etc/passwd', /expected a redirect to http:\/\/…, got file:\/\/…/],
    ['itself, again and again', '/again', /expected at most 3 redirects, got one more/],
  ])('does not follow a redirect to %s', async (_what, location, reason) => {
    server.answer = (_hook, response) => void response.writeHead(308, { location }).end();
    const hook = webhook({ retryForMs: 0 });
    expect(await hook.deliver(started(1))).toMatchObject({
      kind: 'refused',
      reason: expect.stringMatching(reason),
    });
  });

  it('gives up a connection whose answer does not end, and takes its status', async () => {
    server.answer = (_hook, response) => {
      response.writeHead(200);
      const pour = () => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384)));
      };
      response.on('drain', pour);
      pour();
    };
    const hook = webhook();
    expect(await hook.deliver(started(1))).toEqual({ kind: 'delivered' });
  });

  it('ends while it waits, and never prints a path, a user or a password', async () => {
    const url = `http://user:secret-word@127.0.0.1:${String(server.port)}/services/T0KEN`;
    answerWith(500, 500, 500);
    const hook = webhook({ url, retryFirstMs: 60_000 });
    const delivering = hook.deliver(started(1));
    await waitFor(() => hook.told.length > 0, { what: 'a first failure' });
    await hook.close();
    await expect(delivering).rejects.toThrow('got closed before');
    expect(`${hook.name} ${hook.told.join(' ')}`).not.toMatch(/secret-word|T0KEN|user/);
  });

  it('uses its connections again', async () => {
    const plain = createServer((_request, response) => void response.writeHead(204).end());
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const { port } = plain.address() as { readonly port: number };
    const hook = webhook({ url: `http://127.0.0.1:${String(port)}/` });
    for (let n = 0; n < 200; n++) await hook.deliver(started(n));
    const connections = await new Promise<number>((resolve) =>
      plain.getConnections((_error, count) => resolve(count)),
    );
    expect(connections).toBeLessThanOrEqual(4);
    plain.closeAllConnections();
    plain.close();
  });
});
