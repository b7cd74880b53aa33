import { parseConfig } from '../../config/load';
import { configErrorOf } from '../support/config-error';

const parse = (...lines: readonly string[]) =>
  parseConfig(`cameras:\n  a:\n    ${lines.join('\n    ')}\n`, { path: '/srv/cameras.yaml', env: {} });

const faultsOf = (...lines: readonly string[]) =>
  configErrorOf(() => parse(...lines)).faults.map(({ path, line, message }) => `${path}:${line}: ${message}`);

describe('the transport of an RTSP camera', () => {
  it('is TCP unless it is asked for UDP', () => {
    const transportOf = (...lines: readonly string[]) => parse(...lines).config.cameras['a']!.rtspTransport;
    expect(transportOf('url: rtsp://h/s')).toBe('tcp');
    expect(transportOf('url: rtsp://h/s', 'rtspTransport: udp')).toBe('udp');
    expect(transportOf('url: rtsps://h/s', 'rtspTransport: tcp')).toBe('tcp');
  });

  it('may be that of a second stream alone', () => {
    const { config } = parse('url: test:noise', 'viewUrl: rtsp://h/s', 'rtspTransport: udp');
    expect(config.cameras['a']!.rtspTransport).toBe('udp');
  });

  it.each([
    ['a file', 'url: a.mp4', 'tcp', 'no value for a file (RTSP cameras only), got "tcp"'],
    [
      'a stream over HTTP',
      'url: http://h/s',
      'udp',
      'no value for a stream over HTTP (RTSP cameras only), got "udp"',
    ],
    ['a stream of RTP', 'url: a.sdp', 'udp', 'no value for a stream of RTP (RTSP cameras only), got "udp"'],
    ['a camera within TLS', 'url: rtsps://h/s', 'udp', 'tcp or no value beside rtsps://, got "udp"'],
    [
      'a second stream within TLS',
      'url: rtsp://h/a\n    viewUrl: rtsps://h/b',
      'udp',
      'tcp or no value beside rtsps://, got "udp"',
    ],
    ['a camera that is asked for another', 'url: rtsp://h/s', 'http', 'one of tcp, udp, got "http"'],
  ])('is refused for %s', (_what, url, transport, message) => {
    expect(faultsOf(url, `rtspTransport: ${transport}`)).toEqual([
      `cameras.a.rtspTransport:${url.includes('viewUrl') ? 5 : 4}: expected ${message}`,
    ]);
  });
});
