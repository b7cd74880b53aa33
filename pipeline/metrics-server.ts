import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import type { Registry } from 'prom-client';
import { PipelineError } from '../models/domain/errors';

export interface MetricsServerOptions {
  readonly host: string;
  readonly port: number;
  readonly registry: Registry;
  /** Asked for as `Authorization: Bearer …` on `/metrics`; an address other than loopback needs one. */
  readonly token?: string;
  /** Whether work can be taken; answered on `/readyz`. Default: always. */
  readonly isReady?: () => boolean;
}

/** A small HTTP server for whoever watches this process. */
export interface MetricsServer {
  /** Where it listens; the port that the system gave when 0 was asked for. */
  readonly port: number;
  close(): Promise<void>;
}

const LOOPBACK = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1|localhost)$/;
/** Who does not send its request or reads its answer within this is let go. */
const REQUEST_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 64;

/**
 * Serves `/metrics` (Prometheus text), `/healthz` (200 while the process runs) and `/readyz` (200 or 503). Rejects with a
 * PipelineError `config` for a public address without a token, and when the address cannot be listened on.
 */
export async function createMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const { host, port, token } = options;
  if (!LOOPBACK.test(host) && (token === undefined || token === '')) {
    throw new PipelineError(
      'config',
      `metrics: expected a loopback address, or a token in SIGHTLINE_METRICS_TOKEN beside ${host}, got none`,
    );
  }
  const server = createServer((request, response) => void answer(request, response, options));
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = REQUEST_TIMEOUT_MS;
  server.timeout = REQUEST_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const at = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
      reject(
        new PipelineError(
          'config',
          `metrics: expected to listen on ${at}, got ${error.code ?? error.message}`,
        ),
      );
    });
    server.listen(port, host, resolve);
  });
  server.on('error', () => undefined);
  // Watching must not keep a process alive that has nothing else to do.
  server.unref();
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  { method, url = '/', headers }: IncomingMessage,
  response: ServerResponse,
  { registry, token, isReady = () => true }: MetricsServerOptions,
): Promise<void> {
  const send = (status: number, text: string, type = 'text/plain; charset=utf-8') =>
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text);
  if (method !== 'GET' && method !== 'HEAD') {
    send(405, 'expected GET\n');
    return;
  }
  switch (url.split('?')[0]) {
    case '/healthz':
      send(200, 'ok\n');
      return;
    case '/readyz':
      send(isReady() ? 200 : 503, isReady() ? 'ready\n' : 'not ready\n');
      return;
    case '/metrics':
      if (!isAllowed(headers.authorization, token)) send(401, 'expected Authorization: Bearer\n');
      else send(200, await registry.metrics(), registry.contentType);
      return;
    default:
      send(404, 'expected /metrics, /healthz or /readyz\n');
  }
}

function isAllowed(authorization: string | undefined, token: string | undefined): boolean {
  if (token === undefined || token === '') return true;
  const given = /^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? '';
  // Digests have one length, and comparing them takes one time.
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
