import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import type { IClientOptions } from 'mqtt';
import { closedPort } from './closed-port';
import { waitFor } from './wait-for';

/** Debian's mosquitto on a free port of loopback, which keeps nothing on disk. */
export interface MqttBroker {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
  /** With nothing of what it kept before. */
  start(): Promise<void>;
  close(): Promise<void>;
}

const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`;

/** `settings` are further lines of its configuration; without any everybody may connect. */
export async function startMqttBroker(
  settings: readonly string[] = ['allow_anonymous true'],
): Promise<MqttBroker> {
  const folder = mkdtempSync(join(tmpdir(), 'sightline-mqtt-'));
  const port = await closedPort();
  const config = join(folder, 'mosquitto.conf');
  writeFileSync(config, [`listener ${String(port)} 127.0.0.1`, ...settings, ''].join('\n'));
  let child: ChildProcess;

  async function start(): Promise<void> {
    child = spawn('mosquitto', ['-c', config], { stdio: 'ignore', env: { ...process.env, PATH } });
    await waitFor(() => isListening(port), { what: 'mosquitto to listen' });
  }

  async function stop(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  const killNow = () => void child.kill('SIGKILL');
  process.on('exit', killNow);
  await start();
  return {
    ...{ port, url: `mqtt://127.0.0.1:${String(port)}`, start, stop },
    async close() {
      await stop();
      process.off('exit', killNow);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** A message as a subscriber got it. */
export interface Received {
  readonly topic: string;
  readonly text: string;
  readonly isRetained: boolean;
}

/** Subscribes to everything. */
export async function listen(url: string, options: IClientOptions = {}) {
  const client = await connectAsync(url, { ...options, reconnectPeriod: 50 });
  const received: Received[] = [];
  client.on('message', (topic, payload, { retain }) =>
    received.push({ topic, text: payload.toString(), isRetained: retain }),
  );
  await client.subscribeAsync('#', { qos: 1 });
  const at = (topic: string) => received.filter((one) => one.topic === topic).map(({ text }) => text);
  return {
    received,
    at,
    until: (topic: string, text: string) =>
      waitFor(() => at(topic).at(-1) === text, { what: `${text} at ${topic}`, timeoutMs: 15_000 }),
    close: () => client.endAsync(true),
  };
}
