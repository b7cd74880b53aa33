import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createStderrTail } from '../../../workers/local/stderr-tail';

async function sentenceAfter(text: string): Promise<string> {
  const stream = new PassThrough();
  const tail = createStderrTail(stream);
  stream.end(text);
  await finished(stream);
  return tail.sentence();
}

describe('createStderrTail', () => {
  it('keeps the last line that says something', async () => {
    expect(await sentenceAfter('loading\nError: no memory\n    at main (x.js:1)\n\n')).toBe(
      ': Error: no memory',
    );
    expect(await sentenceAfter('')).toBe('');
    expect(createStderrTail(null).sentence()).toBe('');
  });

  it('keeps no more than its bound, and no credentials', async () => {
    expect((await sentenceAfter('x'.repeat(100_000))).length).toBe(2002);
    expect(await sentenceAfter('cannot open rtsp://u:secret@host/')).toBe(': cannot open rtsp://***@host/');
  });
});
