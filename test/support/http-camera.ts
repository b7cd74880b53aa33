import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';

/** What answers a request for a path; it is removed by its test's end. */
export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export interface HttpCamera {
  readonly port: number;
  /** Requests so far, oldest first. */
  readonly requests: readonly IncomingMessage[];
  url(path: string, credentials?: string): string;
  /** Ends every connection; the server still listens. */
  drop(): void;
}

export interface HttpCameraOptions {
  /** By path, without query; what is not here is 404. */
  readonly answers: Readonly<Record<string, Answer>>;
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** HTTP servers that stand for cameras, on loopback; for the calling `describe`, closed after each of its tests. */
export function httpCameras() {
  const servers: Server[] = [];

  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
  });

  return async function start({ answers, tls }: HttpCameraOptions): Promise<HttpCamera> {
    const requests: IncomingMessage[] = [];
    const listener = (request: IncomingMessage, response: ServerResponse) => {
      requests.push(request);
      const answer = answers[new URL(request.url!, 'http://h').pathname];
      if (answer === undefined) response.writeHead(404).end();
      else answer(response, request);
    };
    const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const scheme = tls === undefined ? 'http' : 'https';
    return {
      port,
      requests,
      url: (path, credentials) =>
        `${scheme}://${credentials ? `${credentials}@` : ''}localhost:${port}${path}`,
      drop: () => server.closeAllConnections(),
    };
  };
}

/** The JPEGs of FFmpeg's muxer `mpjpeg`. */
export function jpegsOf(mpjpeg: Buffer): readonly Buffer[] {
  const heads = mpjpeg.toString('latin1').matchAll(/Content-length: (\d+)\r\n\r\n/g);
  return [...heads].map(({ index, 0: head, 1: length }) =>
    mpjpeg.subarray(index + head.length, index + head.length + Number(length)),
  );
}

/** A multipart stream of these pictures, one each `intervalMs`, for ever or until `count` were sent. */
export function mjpeg(pictures: readonly Buffer[], intervalMs: number, count = Infinity): Answer {
  return (response) => {
    response.writeHead(200, { 'Content-Type': 'multipart/x-mixed-replace; boundary=frame' });
    void paced(response, intervalMs, count, (index) => {
      const picture = pictures[index % pictures.length]!;
      response.write(`--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`);
      response.write(picture);
      response.write('\r\n');
    });
  };
}

/** These bytes in `count` chunks, one each `intervalMs`; then the end. */
export function chunked(bytes: Buffer, intervalMs: number, count: number): Answer {
  return (response) => {
    response.writeHead(200, { 'Content-Type': 'video/mp2t' });
    const length = Math.ceil(bytes.length / count);
    void paced(response, intervalMs, count, (index) => {
      response.write(bytes.subarray(index * length, (index + 1) * length));
    }).then(() => response.end());
  };
}

/** Resolves when all was sent, or the client has left. */
function paced(
  response: ServerResponse,
  intervalMs: number,
  count: number,
  send: (index: number) => void,
): Promise<void> {
  let index = 0;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (index < count) send(index++);
      else resolve();
    }, intervalMs);
    response.once('close', () => {
      clearInterval(timer);
      resolve();
    });
  });
}

/** The file of the request's name in a folder, whole or the part asked for, as servers of files do. */
export function fileOf(folder: string): Answer {
  return (response, request) => {
    let bytes: Buffer;
    try {
      bytes = readFileSync(join(folder, basename(new URL(request.url!, 'http://h').pathname)));
    } catch {
      response.writeHead(404).end();
      return;
    }
    const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(206, {
      'Content-Range': `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
      'Content-Length': bytes.length - start,
    });
    response.end(bytes.subarray(start));
  };
}

export const text =
  (body: string): Answer =>
  (response) =>
    void response.end(body);

export const redirect =
  (location: string): Answer =>
  (response) =>
    void response.writeHead(302, { Location: location }).end();

/** Takes the connection and says nothing. */
export const silent: Answer = () => undefined;

/** Asks for a user and password first. */
export function guarded(credentials: string, then: Answer): Answer {
  const expected = `Basic ${Buffer.from(credentials).toString('base64')}`;
  return (response, request) => {
    if (request.headers.authorization === expected) then(response, request);
    else response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="camera"' }).end();
  };
}
