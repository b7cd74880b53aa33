import { Ajv2020 } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { cameraInput } from '../../config/camera-input';
import { defineConfig } from '../../config/define-config';
import { configJsonSchema } from '../../config/json-schema';
import { CAMERA_ID_PATTERN } from '../../config/schema';
import type { ConfigInput } from '../../config/schema';
import { isCameraId } from '../../models/domain/frame';
import { resolveTrackerOptions } from '../../operators/tracking/options';

const inputOf = (camera: ConfigInput['cameras'][string]) =>
  cameraInput(defineConfig({ cameras: { a: camera } }, '/srv').config.cameras.a!);

describe('the configuration schema', () => {
  it('calls cameras what the rest of the program does', () => {
    const names = fc.string({ unit: fc.constantFrom(...Array.from('aZ0_-.\n')) });
    fc.assert(fc.property(names, (name) => expect(CAMERA_ID_PATTERN.test(name)).toBe(isCameraId(name))));
  });

  it('has the defaults of the tracker', () => {
    const { confirmHits, forgetAfterMs } = resolveTrackerOptions();
    const { track } = defineConfig({ cameras: { a: { url: 'a.mp4' } } }).config.cameras.a!;
    expect(track).toEqual({ confirmHits, forgetAfterMs });
  });

  it('has a JSON Schema that compiles strictly and agrees on what is valid', () => {
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
    addFormats(ajv);
    const isValid = ajv.compile(configJsonSchema());
    expect(
      isValid({ cameras: { front: { url: 'rtsp://h/s' } }, events: [{ type: 'jsonl', path: '-' }] }),
    ).toBe(true);
    expect(isValid({ cameras: {} })).toBe(false);
    expect(isValid({ cameras: { Front: { url: 'a' } } })).toBe(false);
    expect(isValid({ cameras: { front: { url: 'a', annotate: 'out.MP4' } } })).toBe(true);
    expect(isValid({ cameras: { front: { url: 'a', annotate: 'out.avi' } } })).toBe(false);
    expect(isValid({ cameras: { front: { url: 'a', fps: 1 } } })).toBe(false);
    expect(isValid({ cameras: { front: { url: 'a' } }, events: [{ type: 'mqtt' }] })).toBe(false);
    expect(JSON.stringify(configJsonSchema())).not.toContain('"expected"');
  });
});

describe('defineConfig', () => {
  it('puts flags through the same schema, and takes undefined for "not given"', () => {
    const { config, secrets } = defineConfig(
      { cameras: { a: { url: 'rtsp://u:p%40ssword@h/s', maxFps: undefined, minScore: 0.5 } } },
      '/srv',
    );
    expect(config.cameras.a).toMatchObject({ maxFps: 10, minScore: 0.5 });
    expect(secrets).toContain('p%40ssword');
  });

  it('fills in nothing: a shell has done so', () => {
    expect(defineConfig({ cameras: { a: { url: '${X}.mp4' } } }, '/srv').config.cameras.a?.url).toBe(
      '/srv/${X}.mp4',
    );
  });

  it('reports faults by their path, without lines or credentials', () => {
    const define = () => defineConfig({ cameras: { a: { url: 'ftp://u:hunter2@h', maxFps: 0 } } });
    expect(define).toThrow('cameras.a.url: expected a URL with rtsp://');
    expect(define).toThrow('cameras.a.maxFps: expected a number above 0 and at most 240, got 0');
    expect(define).not.toThrow(/hunter2/);
  });

  it("takes a camera's URL that lacks its scheme for no file, and repeats no password of it", () => {
    const define = () => defineConfig({ cameras: { a: { url: 'admin_1:hunter2@10.0.0.5/stream' } } });
    expect(define).toThrow(/^[^]*cameras\.a\.url: expected a URL with rtsp:[^]*, got "admin_1:\*\*\*@10/);
    expect(define).not.toThrow(/hunter2/);
  });
});

describe('cameraInput', () => {
  it.each([
    [
      'an RTSP camera',
      { url: 'RTSP://h/s' },
      { kind: 'rtsp', location: 'RTSP://h/s', mode: 'live', isRealTime: false },
    ],
    [
      'a file',
      { url: 'a.mp4' },
      { kind: 'file', location: '/srv/a.mp4', mode: 'recorded', isRealTime: false },
    ],
    [
      'a file in real time',
      { url: 'a.mp4', realTime: true },
      { mode: 'recorded', isLooping: false, isRealTime: true },
    ],
    ['a file that loops', { url: 'a.mp4', loop: true }, { mode: 'live', isLooping: true, isRealTime: true }],
    ['a file URL', { url: 'file:///x/a%23.mp4' }, { kind: 'file', location: '/x/a#.mp4' }],
    ['a name with a colon', { url: './a:b.mp4' }, { kind: 'file', location: '/srv/a:b.mp4' }],
    ['a stream over HTTP', { url: 'https://u:p@h/a.mp4?x=1' }, { kind: 'http', mode: 'live' }],
    ['RTSP', { url: 'rtsp://h/s' }, { kind: 'rtsp', rtspTransport: 'tcp' }],
    [
      'RTSP over UDP',
      { url: 'RTSP://h/s', rtspTransport: 'udp' as const },
      { kind: 'rtsp', rtspTransport: 'udp' },
    ],
    ['an SDP file', { url: 'a b.SDP' }, { kind: 'sdp', location: '/srv/a b.SDP', mode: 'live' }],
    ['an SDP file of another name', { url: 'sdp:x/a.txt' }, { kind: 'sdp', location: '/srv/x/a.txt' }],
    ['a video device', { url: '/dev/video0' }, { kind: 'v4l2', location: '/dev/video0', mode: 'live' }],
    ['a named video device', { url: '/dev/v4l/by-id/usb-Cam_1-index0' }, { kind: 'v4l2' }],
    ['a device by its scheme', { url: 'v4l2:/dev/cam' }, { kind: 'v4l2', location: '/dev/cam' }],
    ['another device', { url: '/dev/null' }, { kind: 'file', mode: 'recorded' }],
    ['a picture', { url: 'a.JPG' }, { kind: 'image', mode: 'recorded' }],
    [
      'a folder',
      { url: 'pictures/', folderFps: 5 },
      { kind: 'folder', location: '/srv/pictures/', mode: 'recorded', isRealTime: false, folderFps: 5 },
    ],
    ['the root, which is a folder', { url: '/' }, { kind: 'folder', location: '/' }],
    ['a folder as a URL', { url: 'file:///x/y/' }, { kind: 'folder', location: '/x/y/', folderFps: 10 }],
    ['a folder that loops', { url: 'pictures/', loop: true }, { mode: 'live', isRealTime: true }],
    ['a pattern', { url: 'test:noise' }, { kind: 'test', location: 'noise', mode: 'live', isRealTime: true }],
    [
      'a pattern with an end',
      { url: 'test:noise?seconds=3' },
      { location: 'noise?seconds=3', mode: 'recorded', isRealTime: false },
    ],
    ['a start time', { url: 'a.mp4', startTime: '1970-01-01T01:00:00+00:30' }, { startAtMs: 1_800_000 }],
  ])('knows how to open %s', (_what, camera, input) => {
    expect(inputOf(camera)).toMatchObject(input);
  });

  it.each([
    'ftp://h/s',
    'v4l2:/etc/passwd',
    'v4l2:/dev/../etc/passwd',
    'http://',
    'http:/h/s',
    'https://h/a b',
    'http://h/#x',
    'sdp:',
    'sdp://host/a.sdp',
    'test:',
    'test:testsrc2=size=10x10',
    'test:movie=/etc/passwd',
    'test:noise?seconds=0',
    'test:noise?seconds=99999',
    'test:noise?seconds=1.5',
    'test:noise?seconds=1&x=1',
    'data:video/mp4,x',
    'concat:a.mp4|b.mp4',
    'udp://h:1',
    'lavfi:testsrc',
    'rtsp:/h/s',
    'rtsp://',
    'rtsp://h:99999/s',
    'rtsp://h/a b',
    'rtsp://u:p@s#w@h/s',
    'rtsp://h/a\nb',
    'file://host/a.mp4',
    'file:a.mp4',
    'file:///a%2Fb',
    'file:///a%00',
    'a\0b',
    '',
  ])('refuses %j', (url) => {
    expect(() => inputOf({ url })).toThrow(/cameras\.a\.url: expected/);
  });
});
