import { createErrorReporter, isVague, toRedisError } from '../../../models/support/redis-errors';

const systemError = (code: string, message = `connect ${code}`) =>
  Object.assign(new Error(message), { code });

describe('toRedisError', () => {
  it.each([
    [systemError('ECONNREFUSED'), 'refused'],
    [systemError('ENOTFOUND'), 'dns'],
    [systemError('ETIMEDOUT'), 'timeout'],
    [systemError('ERR_TLS_CERT_ALTNAME_INVALID'), 'config'],
    [systemError('SELF_SIGNED_CERT_IN_CHAIN'), 'config'],
    [new Error('WRONGPASS invalid username-password pair'), 'auth'],
    [new Error('sentinel a:1: NOAUTH Authentication required.'), 'auth'],
    [new Error('Unknown RESP type 60 "<". Please report this.'), 'config'],
    [new Error('Reached the max retries per request limit (which is 0). Refer to …'), 'ended'],
    [new Error('ERR This instance has cluster support disabled'), 'config'],
    [new Error("sentinel a:1: ERR unknown command 'SENTINEL', with args beginning with: 'm'"), 'config'],
    [new Error('LOADING Redis is loading'), 'unknown'],
    ['text', 'unknown'],
  ])('gives %s the code %s', (error, code) => {
    expect(toRedisError(error, 'redis://h:1')).toMatchObject({ code });
  });

  it('tells why no node of a cluster answered', () => {
    const error = Object.assign(new Error('Failed to refresh slots cache.'), {
      lastNodeError: new Error('WRONGPASS invalid'),
    });
    expect(toRedisError(error, 'name').message).toBe(
      'auth: name: expected to be let in, got WRONGPASS invalid',
    );
  });

  it('tells why no address of a name answered', () => {
    const error = new AggregateError([systemError('ECONNREFUSED', 'connect ECONNREFUSED ::1:6379')], '');
    expect(toRedisError(error, 'name').message).toBe(
      'refused: name: expected an answer, got connect ECONNREFUSED ::1:6379',
    );
  });

  it('knows errors that tell nothing', () => {
    const closed = new Error('Connection is closed.');
    expect(isVague(closed)).toBe(true);
    expect(isVague(Object.assign(new Error('Failed'), { lastNodeError: closed }))).toBe(true);
    expect(isVague(systemError('ECONNREFUSED'))).toBe(false);
  });
});

describe('createErrorReporter', () => {
  it('tells of the same error once in a second, and of others at once', () => {
    const told: string[] = [];
    const report = createErrorReporter('name', (error) => told.push(error.detail));
    for (let count = 0; count < 100; count++) {
      report(new Error('one'));
      report(new Error('two'));
    }
    expect(told).toEqual(['name: expected an answer, got one', 'name: expected an answer, got two']);
  });
});
