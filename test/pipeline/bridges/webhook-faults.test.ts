import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createWebhook } from '../../../pipeline/bridges/webhook';
import type { WebhookOptions } from '../../../pipeline/bridges/webhook';
import { notices, started } from '../../support/bridged';
import { waitFor } from '../../support/wait-for';

const DELIVERED = { kind: 'delivered' };

describe('the webhook, with servers that answer oddly', () => {
  let server: Server;
  let port: number;
  const sockets = new Set<Socket>();
  let answer: (socket: Socket) => void;
  beforeAll(async () => {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
      socket.on('data', (chunk) => {
        // Head and body of a small request come in one piece.
        if (chunk.toString().includes('\r\n\r\n')) answer(socket);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => void server.close());

  function webhook(options: Partial<WebhookOptions> = {}) {
    const { told, ...listeners } = notices();
    const url = `http://127.0.0.1:${String(port)}/hook`;
    const target = createWebhook({
      ...{ url, headers: {}, timeoutMs: 5000, retryForMs: 0, concurrency: 2, allow: ['127.0.0.0/8'] },
      ...{ retryFirstMs: 10, ...listeners },
      ...options,
    });
    return { ...target, told };
  }

  it.each([
    [
      '101, which nobody asked for',
      'HTTP/1.1 101 X\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
      /got the end/,
    ],
    ['what is no HTTP', 'SSH-2.0-OpenSSH_9\r\n', /got Parse Error/],
    ['too large a head', `HTTP/1.1 200 X\r\nx: ${'a'.repeat(100_000)}\r\n\r\n`, /Header overflow/],
    ['a redirect to nowhere', 'HTTP/1.1 307 X\r\ncontent-length: 0\r\n\r\n', /a location, got one without/],
  ])('takes %s for a failure', async (_what, text, reason) => {
    answer = (socket) => void socket.write(text);
    const hook = webhook();
    expect(await hook.deliver(started(1))).toMatchObject({ reason: expect.stringMatching(reason) as string });
    await hook.close();
  });

  it.each([
    ['early hints before', 'HTTP/1.1 103 X\r\nlink: a\r\n\r\nHTTP/1.1 204 X\r\n\r\n'],
    ['a body where there is to be none', 'HTTP/1.1 204 X\r\ncontent-length: 5\r\n\r\nhello'],
    ['a body that is broken', 'HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n'],
  ])('takes the status of an answer with %s', async (_what, text) => {
    answer = (socket) => void socket.write(text);
    const hook = webhook();
    expect(await hook.deliver(started(1))).toEqual(DELIVERED);
    await hook.close();
  });

  it('does not run out of connections by answers whose bodies never end', async () => {
    answer = (socket) => void socket.write('HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\nx');
    const hook = webhook();
    const all = Array.from({ length: 4 }, (_, n) => hook.deliver(started(n, `camera-${String(n)}`)));
    expect(await Promise.all(all)).toEqual(all.map(() => DELIVERED));
    await waitFor(() => sockets.size === 0, { what: 'the connections to be closed' });
    await hook.close();
  });

  it('does not wait for another attempt when it is closed during one that fails', async () => {
    const held: Socket[] = [];
    answer = (socket) => void held.push(socket);
    const hook = webhook({ retryForMs: 600_000, retryFirstMs: 60_000 });
    const delivering = hook.deliver(started(1));
    await waitFor(() => held.length === 1, { what: 'the request' });
    const closing = hook.close();
    held[0]!.write('HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n');
    await expect(delivering).rejects.toThrow('got closed before');
    await closing;
  });

  it('warns of no leak while many cameras wait', async () => {
    answer = (socket) => void socket.write('HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n');
    const warnings: Error[] = [];
    const warned = (warning: Error) => void warnings.push(warning);
    process.on('warning', warned);
    const hook = webhook({ retryForMs: 600_000, retryFirstMs: 60_000, concurrency: 20 });
    let failed = 0;
    const before = answer;
    answer = (socket) => {
      failed++;
      before(socket);
    };
    // At once: they reject while the webhook is closed.
    const all = Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => hook.deliver(started(n, `camera-${String(n)}`))),
    );
    await waitFor(() => failed === 20, { what: 'all to fail' });
    await hook.close();
    await all;
    process.off('warning', warned);
    expect(warnings).toEqual([]);
  });
});
