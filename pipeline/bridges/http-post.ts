import { lookup as resolveHost } from 'node:dns';
import type { LookupAddress } from 'node:dns';
import { Agent as HttpAgent, request as requestHttp } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import type { AddressGuard } from '../../models/support/address-guard';

/** An answer; its body is not looked at. */
export interface HttpAnswer {
  readonly status: number;
  /** For so long the server asks not to be tried again, milliseconds. */
  readonly retryAfterMs?: number;
}

export interface HttpPost {
  /** Rejects with an Error whose message tells what came instead of an answer; without credentials. */
  send(body: string, headers: OutgoingHttpHeaders, signal: AbortSignal): Promise<HttpAnswer>;
  close(): void;
}

export interface HttpPostOptions {
  readonly url: string;
  readonly guard: AddressGuard;
  /** Connections that are kept for later; at once there are as many as requests. */
  readonly maxKept: number;
  /** Headers for the server of `url` alone: a redirect to another one does not carry them there. */
  readonly ownHeaders: OutgoingHttpHeaders;
}

const MOST_REDIRECTS = 3;
/** More of an answer is not read, nor for longer: the connection is closed instead. */
const MOST_ANSWER_BYTES = 64 * 1024;
const MOST_ANSWER_MS = 1000;
/** Those that repeat the request as it was; others would make it a GET. */
const REDIRECTS: ReadonlySet<number> = new Set([307, 308]);

/** Posts to one URL over connections that are kept. Every address is looked at before it is connected to, after a redirect too. */
export function createHttpPost({ url, guard, maxKept, ownHeaders }: HttpPostOptions): HttpPost {
  const lookup = guardedLookup(guard);
  // Without a limit of their own: what waits in an agent for a connection cannot be aborted (Node 20).
  const agents = {
    'http:': new HttpAgent({ keepAlive: true, maxFreeSockets: maxKept }),
    'https:': new HttpsAgent({ keepAlive: true, maxFreeSockets: maxKept }),
  };

  function post(
    target: URL,
    body: string,
    headers: OutgoingHttpHeaders,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const host = target.hostname.replace(/^\[|\]$/g, '');
    // What is an address already is not looked up.
    const refusal = isIP(host) === 0 ? undefined : guard(host);
    if (refusal !== undefined) return Promise.reject(new Error(refusal));
    const isTls = target.protocol === 'https:';
    return new Promise((resolve, reject) => {
      const request = (isTls ? requestHttps : requestHttp)(withoutUser(target).href, {
        ...{ method: 'POST', lookup, signal },
        agent: isTls ? agents['https:'] : agents['http:'],
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      });
      request.once('response', resolve);
      request.once('error', reject);
      // Without an error: an answer 101, which nobody asked for.
      request.once('close', () => reject(new Error('expected an answer, got the end of the connection')));
      // What comes after the first error has nobody who waits for it.
      request.on('error', () => undefined);
      request.end(body);
    });
  }

  return {
    async send(body, headers, signal) {
      let target = new URL(url);
      for (let redirects = 0; ; redirects++) {
        const isOwn = target.origin === new URL(url).origin;
        const all = { ...headers, ...(isOwn && { ...basicAuth(new URL(url)), ...ownHeaders }) };
        const response = await post(target, body, all, signal);
        await drained(response);
        const { statusCode: status = 0 } = response;
        if (!REDIRECTS.has(status)) return { status, ...retryAfter(response.headers['retry-after']) };
        if (redirects === MOST_REDIRECTS)
          throw new Error(`expected at most ${String(MOST_REDIRECTS)} redirects, got one more`);
        target = redirected(target, response.headers.location);
      }
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

function redirected(from: URL, location: string | undefined): URL {
  if (location === undefined || !URL.canParse(location, from.href))
    throw new Error('expected a redirect with a location, got one without');
  const to = new URL(location, from);
  if (to.protocol !== 'https:' && (to.protocol !== 'http:' || from.protocol === 'https:'))
    throw new Error(`expected a redirect to ${from.protocol}//…, got ${to.protocol}//…`);
  return to;
}

/** A lookup that gives only addresses that may be sent to. */
function guardedLookup(guard: AddressGuard): LookupFunction {
  return (hostname, options, callback) => {
    resolveHost(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error !== null) {
        callback(error, '', 0);
        return;
      }
      const open = addresses.filter(({ address }) => guard(address) === undefined);
      const [first] = open;
      if (first === undefined) {
        const refusal =
          addresses[0] === undefined ? 'expected an address, got none' : guard(addresses[0].address);
        callback(new Error(`${hostname}: ${refusal!}`), '', 0);
      } else if (options.all === true) callback(null, open);
      else callback(null, first.address, first.family);
    });
  };
}

/** Reads the answer to its end, so that the connection can be used again. Resolves when it is over; never rejects. */
function drained(response: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let bytes = 0;
    const late = setTimeout(() => response.destroy(), MOST_ANSWER_MS);
    response.on('error', () => undefined);
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MOST_ANSWER_BYTES) response.destroy();
    });
    response.once('close', () => {
      clearTimeout(late);
      resolve();
    });
  });
}

function basicAuth({ username, password }: URL): OutgoingHttpHeaders {
  if (username === '' && password === '') return {};
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(user).toString('base64')}` };
}

function withoutUser(url: URL): URL {
  const plain = new URL(url);
  plain.username = '';
  plain.password = '';
  return plain;
}

/** Seconds, or a date. */
function retryAfter(text: string | undefined): Pick<HttpAnswer, 'retryAfterMs'> {
  if (text === undefined) return {};
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return ms > 0 ? { retryAfterMs: ms } : {};
}
