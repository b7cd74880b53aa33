import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { waitFor } from './wait-for';

/** A request that came. */
export interface Hook {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly path: string;
}

/** Takes webhooks on loopback. */
export interface WebhookServer {
  readonly port: number;
  readonly url: string;
  readonly hooks: readonly Hook[];
  /** How requests are answered from now on; default 204. Those that are not answered hang. */
  answer: (hook: Hook, response: ServerResponse) => void;
  until(count: number): Promise<unknown>;
  close(): Promise<void>;
}

export async function startWebhookServer(): Promise<WebhookServer> {
  const hooks: Hook[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const hook = { headers: request.headers, body, path: request.url ?? '' };
      hooks.push(hook);
      it.answer(hook, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const it: WebhookServer = {
    port,
    url: `http://127.0.0.1:${String(port)}/hook`,
    hooks,
    answer: (_hook, response) => void response.writeHead(204).end(),
    until: (count) =>
      waitFor(() => hooks.length >= count, {
        what: `${String(count)} requests, of which ${String(hooks.length)} came`,
      }),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return it;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}
