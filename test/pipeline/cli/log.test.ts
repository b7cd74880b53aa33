import { createRedactor } from '../../../models/domain/redact';
import { createLog } from '../../../pipeline/cli/log';

/** What a log of these secrets writes of one warning. */
function lineOf(format: 'text' | 'json', secrets: readonly string[], message: string): string {
  const lines: string[] = [];
  const redact = createRedactor(secrets);
  const log = createLog({ format, level: 'warn', redact, write: (line) => lines.push(line) });
  log.warn({ camera: 'front' }, message);
  expect(lines).toHaveLength(1);
  return lines[0]!;
}

describe('createLog', () => {
  it('writes lines for people, and JSON', () => {
    expect(lineOf('text', [], 'refused: no')).toBe('warn  front: refused: no');
    expect(JSON.parse(lineOf('json', [], 'refused: no'))).toEqual({
      level: 'warn',
      time: expect.any(Number) as number,
      camera: 'front',
      msg: 'refused: no',
    });
  });

  it('gives a terminal nothing to obey, and JSON every character', () => {
    const message = 'it says \u001b[31mred\u009b0m\nline';
    expect(lineOf('text', [], message)).toBe('warn  front: it says  [31mred 0m line');
    expect(JSON.parse(lineOf('json', [], message))).toMatchObject({ msg: message });
  });

  // The first digits of the time, and words that are keys of a line, or stand in every line.
  const year = String(Date.now()).slice(0, 4);
  it.each([year, 'level', 'warn', 'front', 'camera', '"msg":"', '","camera'])(
    'stays whole when the password is %s',
    (secret) => {
      const message = `it says ${secret}, at rtsp://guard:${secret}@h/s`;
      expect(lineOf('text', [secret], message)).toBe('warn  front: it says ***, at rtsp://***@h/s');
      expect(JSON.parse(lineOf('json', [secret], message))).toMatchObject({
        level: 'warn',
        camera: 'front',
        msg: 'it says ***, at rtsp://***@h/s',
      });
    },
  );

  it.each(["it's", 'a"b"c', 'back\\slash', 'naïve 漢字'])('hides %s in both formats', (secret) => {
    for (const format of ['text', 'json'] as const)
      expect(lineOf(format, [secret], `got ${secret}.`)).toContain('got ***.');
  });
});
