import { PipelineError } from '../../../models/domain/errors';
import { LOSSES_UNTIL_FALLBACK, createProviderChoice } from '../../../workers/local/provider-choice';
import type { ProviderChoice } from '../../../workers/local/provider-choice';

const error = new PipelineError('worker_lost', 'inference process: ended (SIGABRT)');

const loseWhileLoading = (choice: ProviderChoice, provider: string | undefined) =>
  choice.lost({ provider, isStarting: true, error });
const loseAtWork = (choice: ProviderChoice, provider: string) =>
  choice.lost({ provider, isStarting: false, error });

describe('createProviderChoice', () => {
  it('gives a provider up at once when a process does not survive loading the model with it', () => {
    const choice = createProviderChoice(['tensorrt', 'cuda', 'cpu']);
    expect(loseWhileLoading(choice, 'cuda')).toBe(true);
    expect(choice.providers).toEqual(['tensorrt', 'cpu']);
    expect(loseWhileLoading(choice, 'tensorrt')).toBe(true);
    expect(choice.providers).toEqual(['cpu']);
    expect(choice.givenUp).toEqual([
      { provider: 'cuda', error: error.detail },
      { provider: 'tensorrt', error: error.detail },
    ]);
  });

  it('never gives up the last', () => {
    const choice = createProviderChoice(['cpu']);
    for (let loss = 0; loss < 10; loss++) expect(loseWhileLoading(choice, 'cpu')).toBe(false);
    expect(choice.providers).toEqual(['cpu']);
    expect(choice.givenUp).toEqual([]);
  });

  it('bears two losses of one that works, and counts from anew after a good batch', () => {
    const choice = createProviderChoice(['cuda', 'cpu']);
    for (let round = 0; round < 5; round++) {
      choice.worked('cuda');
      expect(loseAtWork(choice, 'cuda')).toBe(false);
      expect(loseWhileLoading(choice, 'cuda')).toBe(false);
    }
    expect(loseAtWork(choice, 'cuda')).toBe(true);
    expect(choice.providers).toEqual(['cpu']);
  });

  it('lets other places go on at once when what they lost is given up already', () => {
    const choice = createProviderChoice(['webgpu', 'cpu']);
    expect([loseWhileLoading(choice, 'webgpu'), loseWhileLoading(choice, 'webgpu')]).toEqual([true, true]);
    expect(choice.givenUp).toHaveLength(1);
  });

  it('tries all of them again when one that used to work was given up and the rest refuses', () => {
    const choice = createProviderChoice(['cuda', 'coreml']);
    choice.worked('cuda');
    for (let loss = 1; loss < LOSSES_UNTIL_FALLBACK; loss++) expect(loseAtWork(choice, 'cuda')).toBe(false);
    expect(loseAtWork(choice, 'cuda')).toBe(true);
    expect(choice.providers).toEqual(['coreml']);
    expect(loseWhileLoading(choice, undefined)).toBe(false);
    expect([choice.providers, choice.givenUp]).toEqual([['cuda', 'coreml'], []]);
  });

  it('leaves alone what never worked when a process cannot be made', () => {
    const choice = createProviderChoice(['webgpu', 'cpu']);
    expect(loseWhileLoading(choice, 'webgpu')).toBe(true);
    choice.worked('cpu');
    expect(loseWhileLoading(choice, undefined)).toBe(false);
    expect(choice.providers).toEqual(['cpu']);
  });

  it('gives nothing up for a process that said itself why it cannot start, or that was none', () => {
    const choice = createProviderChoice(['webgpu', 'cpu']);
    expect(loseWhileLoading(choice, undefined)).toBe(false);
    expect(choice.providers).toEqual(['webgpu', 'cpu']);
    choice.worked(undefined);
  });
});
