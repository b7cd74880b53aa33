import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERRORS, PipelineError, toError, toPipelineError } from '../../../models/domain/errors';
import type { ErrorCode } from '../../../models/domain/errors';
import { packageRoot } from '../../../models/support/package-root';

describe('the error table', () => {
  it('is the same in ARCHITECTURE.md', () => {
    const text = readFileSync(join(packageRoot, 'ARCHITECTURE.md'), 'utf8');
    const rows = [...text.matchAll(/^\| ([a-z_]+) \| [^|]+ \| (yes|no)\b[^|]*\|$/gm)];
    const documented = Object.fromEntries(rows.map(([, code, isRetryable]) => [code, isRetryable === 'yes']));
    expect(documented).toEqual(
      Object.fromEntries(Object.entries(ERRORS).map(([code, { isRetryable }]) => [code, isRetryable])),
    );
  });

  it('has a remedy for every code', () => {
    for (const { remedy } of Object.values(ERRORS)) expect(remedy).toMatch(/^\S.*\S$/);
  });
});

describe('PipelineError', () => {
  it('starts its message with its code, and knows whether to try again', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      const cause = new Error('below');
      const error = new PipelineError(code, 'front: no picture', { cause });
      expect(error).toMatchObject({
        message: `${code}: front: no picture`,
        code,
        cause,
        name: 'PipelineError',
      });
      expect(error.isRetryable).toBe(ERRORS[code].isRetryable);
    }
  });
});

describe('toError', () => {
  it('gives back an Error and makes one of anything else', () => {
    const error = new TypeError('x');
    expect(toError(error)).toBe(error);
    expect(toError('text').message).toBe('text');
    expect(toError(undefined).message).toBe('not an Error but undefined');
    expect(toError({ a: 1 })).toMatchObject({ message: 'not an Error but object', cause: { a: 1 } });
  });
});

describe('toPipelineError', () => {
  it('wraps once, with the cause kept', () => {
    const inner = new PipelineError('dns', 'camera.local');
    expect(toPipelineError(inner, 'sink')).toBe(inner);
    const cause = new Error('EPIPE');
    expect(toPipelineError(cause, 'sink')).toMatchObject({ message: 'sink: EPIPE', code: 'sink', cause });
    expect(toPipelineError('odd')).toMatchObject({ code: 'unknown', message: 'unknown: odd' });
  });
});
