import { Readable } from 'node:stream';
import type { InputKind } from '../../../models/domain/input-kind';
import { TEST_PATTERNS } from '../../../models/domain/test-pattern';
import { PROTOCOLS } from '../../../operators/sources/format-lists';
import { openArgs } from '../../../operators/sources/open-args';
import type { OpenRequest } from '../../../operators/sources/open-args';

const open = (kind: InputKind, location: string, more: Partial<OpenRequest> = {}) =>
  openArgs({ kind, location, version: [5, 1], ...more });
const valueOf = (args: readonly string[], name: string) => args[args.indexOf(name) + 1];
const AT_ONCE = ['-probesize', '32', '-analyzeduration', '0'];

describe('openArgs', () => {
  it('lets nothing from a network or a folder open files', () => {
    const { file: _file, image: _image, sdp, ...others } = PROTOCOLS;
    expect(sdp.split(',')).toEqual(['file', 'rtp', 'udp']);
    for (const protocols of Object.values(others)) expect(protocols.split(',')).not.toContain('file');
  });

  it('asks an RTSP camera for one transport alone, so that FFmpeg cannot change it by itself', () => {
    expect(valueOf(open('rtsp', 'rtsp://h/s').inputOptions, '-rtsp_transport')).toBe('tcp');
    const { inputOptions } = open('rtsp', 'rtsp://h/s', { rtspTransport: 'udp', timeoutMs: 3000 });
    expect(valueOf(inputOptions, '-rtsp_transport')).toBe('udp');
    expect(valueOf(inputOptions, '-timeout')).toBe('3000000');
    expect(inputOptions).not.toContain('-rtsp_flags');
  });

  it('reads HTTP with a deadline, under our own name, from formats that bring their pictures along', () => {
    const { inputOptions, source } = open('http', 'http://u:p@h/video', { timeoutMs: 3000 });
    expect(source).toBe('http://u:p@h/video');
    expect(valueOf(inputOptions, '-protocol_whitelist')).toBe('http,https,tcp,tls,crypto');
    expect(valueOf(inputOptions, '-format_whitelist')).not.toMatch(/concat|dash|image2|sdp|lavfi/);
    expect(valueOf(inputOptions, '-rw_timeout')).toBe('3000000');
    expect(valueOf(inputOptions, '-user_agent')).toMatch(/^sightline\/\d/);
    expect(inputOptions.join(' ')).not.toMatch(/reconnect|tls_verify|live_start_index|-re /);
  });

  it('checks certificates, and begins HLS at its end', () => {
    expect(valueOf(open('http', 'https://h/video').inputOptions, '-tls_verify')).toBe('1');
    const { inputOptions } = open('http', 'HTTPS://h/a/LIVE.M3U8?token=x');
    expect(valueOf(inputOptions, '-tls_verify')).toBe('1');
    expect(valueOf(inputOptions, '-live_start_index')).toBe('-1');
    expect(inputOptions).toContain('-re');
    expect(open('http', 'http://h/video?x=.m3u8').inputOptions).not.toContain('-live_start_index');
  });

  it('reads RTP as a file describes it, and waits for it', () => {
    const { inputOptions, source } = open('sdp', '/a b.sdp');
    expect(source).toBe('file:/a b.sdp');
    expect(inputOptions).toEqual(expect.arrayContaining(['-f', 'sdp', '-format_whitelist', ...AT_ONCE]));
    expect(Number(valueOf(inputOptions, '-listen_timeout'))).toBeGreaterThan(60);
  });

  it('reads a video device by its driver', () => {
    const { inputOptions, source } = open('v4l2', '/dev/video0');
    expect(source).toBe('/dev/video0');
    expect(valueOf(inputOptions, '-f')).toBe('v4l2');
    expect(valueOf(inputOptions, '-protocol_whitelist')).toBe('none');
  });

  it('makes patterns of graphs of our own, at the speed that is asked for', () => {
    for (const pattern of TEST_PATTERNS) {
      const { inputOptions, source } = open('test', `${pattern}?seconds=7`);
      expect(source).toContain('duration=7');
      expect(inputOptions).not.toContain('-re');
      expect(open('test', pattern, { isRealTime: true }).source).not.toContain('duration');
    }
    expect(open('test', 'noise', { isRealTime: true }).inputOptions).toContain('-re');
    expect(() => open('test', 'movie=/etc/passwd')).toThrow(RangeError);
  });

  it('takes the pictures of a folder from a stream, never from files', () => {
    const bytes = Readable.from([]);
    const { inputOptions, source } = open('folder', '/x/', { pictures: { codec: 'png', bytes } });
    expect(source).toBe(bytes);
    expect(valueOf(inputOptions, '-c:v')).toBe('png');
    expect(valueOf(inputOptions, '-protocol_whitelist')).toBe('pipe');
    expect(() => open('folder', '/x/')).toThrow(RangeError);
  });
});
