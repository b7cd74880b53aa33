import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { startRtspServer, type RtspServer, type RtspServerOptions } from '../fixtures/rtsp-server';

/** What Sightline gives ffmpeg, so that the first picture comes at once. */
export const RTSP_INPUT = ['-rtsp_transport', 'tcp', '-probesize', '32', '-analyzeduration', '0'];

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One picture that ffmpeg decoded, as its filter `showinfo` tells. */
export interface SeenPicture {
  /** NaN where it has none. */
  readonly ptsSeconds: number;
  readonly size: string;
  readonly checksum: string;
}

export function run(command: string, ...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(command, args, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** Decodes that many pictures of a stream; framecrc prints one line for each. */
export function readFrames(
  url: string,
  count: number,
  input: readonly string[] = RTSP_INPUT,
): Promise<Ended> {
  const output = ['-map', '0:v', '-frames:v', `${count}`, '-fps_mode', 'passthrough', '-f', 'framecrc', '-'];
  return run('ffmpeg', '-v', 'error', '-nostdin', ...input, '-i', url, ...output);
}

export function frameLines(text: string): readonly string[] {
  return text.split('\n').filter((line) => /^\d/.test(line));
}

/** The differences between neighbours. */
export function steps(times: readonly number[]): readonly number[] {
  return times.slice(1).map((time, index) => time - times[index]!);
}

/** Servers and their clients for the tests of one `describe`; what a test left is ended after it. */
export function rtspFixture(video: () => string) {
  const servers: RtspServer[] = [];
  const children: ChildProcess[] = [];
  const sockets: Socket[] = [];

  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const socket of sockets.splice(0)) socket.destroy();
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  async function start(options: Partial<RtspServerOptions> = {}): Promise<RtspServer> {
    const server = await startRtspServer({ video: video(), ...options });
    servers.push(server);
    return server;
  }

  /** Collects what a command prints until it ends or the test does. */
  function collect(command: string, ...args: readonly string[]) {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)));
    return { text: () => text, exit: once(child, 'exit'), closed: once(child, 'close') };
  }

  /** An ffmpeg that decodes until something ends it. */
  function watch(url: string, input: readonly string[] = RTSP_INPUT) {
    const output = ['-map', '0:v', '-vf', 'showinfo', '-fps_mode', 'passthrough', '-f', 'null', '-'];
    // With its own correction of timestamps ffmpeg would hide what the server does.
    const { text, exit } = collect('ffmpeg', '-nostats', '-nostdin', '-copyts', ...input, '-i', url, ...output); // prettier-ignore
    return { exit, text, pictures: () => parsePictures(text()) };
  }

  /**
   * An ffprobe that lists packets until the server ends it; gives their pts in ticks of 1/90000 s from the second one
   * on: ffprobe 5.1 gives none for the first one of an RTSP stream, whatever is sent.
   */
  function probe(url: string, input: readonly string[] = RTSP_INPUT) {
    const entries = ['-select_streams', 'v', '-show_entries', 'packet=pts', '-of', 'csv=p=0'];
    const { text, closed } = collect('ffprobe', '-v', 'error', ...input, ...entries, '-i', url);
    return async (): Promise<readonly number[]> => {
      await closed;
      return (
        text()
          .match(/^-?\d+/gm)
          ?.map(Number) ?? []
      );
    };
  }

  /** A client made by hand: sends requests and keeps what comes back as text. */
  async function client(server: RtspServer) {
    const socket = connect(server.port, '127.0.0.1');
    sockets.push(socket);
    await once(socket, 'connect');
    let text = '';
    let sequence = 0;
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    const request = (method: string, url: string, ...headers: readonly string[]) => {
      const lines = [`${method} ${url} RTSP/1.0`, `CSeq: ${++sequence}`, ...headers];
      socket.write(`${lines.join('\r\n')}\r\n\r\n`);
      const number = sequence;
      return () => new RegExp(`RTSP/1\\.0 (\\d+) [^\\r]+\\r\\nCSeq: ${number}\\r`).exec(text)?.[1];
    };
    return {
      socket,
      request,
      send: (method: string, ...headers: readonly string[]) => request(method, server.url(), ...headers),
      text: () => text,
    };
  }

  return { start, watch, probe, client };
}

function parsePictures(text: string): readonly SeenPicture[] {
  const lines = text.matchAll(/\bpts_time:\s*(\S+).* s:(\d+x\d+) .*checksum:([0-9A-F]+)/g);
  return [...lines].map(([, time, size, checksum]) => ({
    ptsSeconds: Number(time),
    size: size!,
    checksum: checksum!,
  }));
}
