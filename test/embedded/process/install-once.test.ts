import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { installOnce } from '../../../src/embedded/process/install-once';

const folder = mkdtempSync(join(tmpdir(), 'millrace-install-'));

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function installation(name: string) {
  const cache = join(folder, name);
  const target = join(cache, 'program');
  return {
    cache,
    target,
    content: () => readFileSync(join(target, 'file'), 'utf8'),
    install: (content: string) =>
      installOnce({
        target,
        isUsable: () => Promise.resolve(existsSync(join(target, 'file'))),
        fill: (unfinished) => {
          expect(existsSync(join(target, 'file'))).toBe(false);
          writeFileSync(join(unfinished, 'file'), content);
          return Promise.resolve();
        },
      }),
  };
}

describe('installOnce', () => {
  it('keeps the folder of whoever was first when several install at once', async () => {
    const { cache, content, install } = installation('race');
    await Promise.all([install('first'), install('second')]);
    expect(content()).toBe('first');
    expect(readdirSync(cache)).toEqual(['program']);
  });

  it('replaces a folder that does not work', async () => {
    const { cache, target, content, install } = installation('broken');
    mkdirSync(target, { recursive: true });
    writeFileSync(join(target, 'something-else'), '');
    await install('good');
    expect(content()).toBe('good');
    expect(readdirSync(cache)).toEqual(['program']);
  });

  it('leaves nothing behind when the installation fails', async () => {
    const target = join(folder, 'failing', 'program');
    const fill = () => Promise.reject(new Error('no network'));
    await expect(installOnce({ target, isUsable: () => Promise.resolve(false), fill })).rejects.toThrow(
      'no network',
    );
    expect(readdirSync(join(folder, 'failing'))).toEqual([]);
  });
});
