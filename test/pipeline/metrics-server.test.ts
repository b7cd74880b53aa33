import { Counter, Registry } from 'prom-client';
import { createMetricsServer } from '../../pipeline/metrics-server';
import type { MetricsServer, MetricsServerOptions } from '../../pipeline/metrics-server';

describe('createMetricsServer', () => {
  const servers: MetricsServer[] = [];
  let isReady = true;

  afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

  async function start(options: Partial<MetricsServerOptions> = {}) {
    const registry = new Registry();
    new Counter({ name: 'answers_total', help: 'Answers.', registers: [registry] }).inc(42);
    const server = await createMetricsServer({
      ...{ host: '127.0.0.1', port: 0, registry, isReady: () => isReady },
      ...options,
    });
    servers.push(server);
    return (path: string, { method = 'GET', token }: { method?: string; token?: string } = {}) =>
      fetch(`http://127.0.0.1:${server.port}${path}`, {
        method,
        headers: { connection: 'close', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      });
  }

  it('serves metrics as text that Prometheus reads', async () => {
    const response = await (await start())('/metrics');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await response.text()).toContain('answers_total 42');
  });

  it('says whether it lives and whether it takes work', async () => {
    const ask = await start();
    expect((await ask('/healthz')).status).toBe(200);
    expect((await ask('/readyz')).status).toBe(200);
    isReady = false;
    expect((await ask('/readyz')).status).toBe(503);
    isReady = true;
  });

  it('answers nothing else', async () => {
    const ask = await start();
    expect((await ask('/')).status).toBe(404);
    expect((await ask('/metrics', { method: 'POST' })).status).toBe(405);
  });

  it('asks for its token, and shows health without', async () => {
    const ask = await start({ token: 'open sesame' });
    expect((await ask('/metrics')).status).toBe(401);
    expect((await ask('/metrics', { token: 'open sesame!' })).status).toBe(401);
    expect((await ask('/metrics', { token: 'open sesame' })).status).toBe(200);
    expect((await ask('/healthz')).status).toBe(200);
  });

  it('refuses a public address without a token, and one that is taken', async () => {
    await expect(start({ host: '0.0.0.0' })).rejects.toThrow(/^config: metrics: expected a loopback address/);
    const registry = new Registry();
    await start();
    const { port } = servers[0]!;
    await expect(createMetricsServer({ host: '127.0.0.1', port, registry })).rejects.toThrow(
      `config: metrics: expected to listen on 127.0.0.1:${port}, got EADDRINUSE`,
    );
    await start({ host: '0.0.0.0', token: 'a token' });
  });
});
