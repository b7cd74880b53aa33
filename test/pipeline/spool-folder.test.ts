import { homedir } from 'node:os';
import { join } from 'node:path';
import { defaultSpoolFolder } from '../../pipeline/spool-folder';

describe('defaultSpoolFolder', () => {
  const folder = (url: string, env = {}) => defaultSpoolFolder('yard', url, env);

  it('lies in the folder for the state of programs', () => {
    expect(folder('redis://h', { XDG_STATE_HOME: '/var/lib' })).toMatch(
      /^\/var\/lib\/sightline\/yard-[0-9a-f]{8}$/,
    );
    const home = join(homedir(), '.local/state/sightline');
    for (const env of [{}, { XDG_STATE_HOME: '' }, { XDG_STATE_HOME: 'not/absolute' }]) {
      expect(folder('redis://h', env)).toMatch(new RegExp(`^${home}/yard-[0-9a-f]{8}$`));
    }
  });

  it('is another for another Redis, whatever the credentials are', () => {
    expect(folder('redis://u:secret@h:6379/0')).toBe(folder('redis://h'));
    const urls = ['redis://h', 'redis://h/1', 'redis://h:1', 'redis://g', 'rediss://h', 'redis+cluster://h'];
    expect(new Set(urls.map((url) => folder(url))).size).toBe(urls.length);
  });
});
