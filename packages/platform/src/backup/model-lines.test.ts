import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readModelLines } from './model-lines.ts';

let folder: string;
let models: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sophia-models-'));
  models = join(folder, 'models');
});
afterEach(() => rm(folder, { recursive: true }));

const fill = async (path: string, text: string): Promise<void> => {
  await mkdir(join(folder, path, '..'), { recursive: true });
  await writeFile(join(folder, path), text);
};

describe('the models of a backup', () => {
  it('are those behind links too, as a ConfigMap is mounted, or a folder kept elsewhere', async () => {
    await fill('models/main/..2026_01/deals.yaml', 'deals');
    await symlink('..2026_01', join(models, 'main', '..data'));
    await symlink('..data/deals.yaml', join(models, 'main', 'deals.yaml'));
    await fill('elsewhere/calls.yaml', 'calls');
    await symlink(join(folder, 'elsewhere'), join(models, 'linked'));
    expect(await readModelLines(models)).toEqual(
      expect.arrayContaining([
        { model: 'main/deals.yaml', text: 'deals' },
        { model: 'linked/calls.yaml', text: 'calls' },
      ]),
    );
    expect(await readModelLines(models)).toHaveLength(2);
  });

  it('are all files but hidden ones; what is no file, or is not there, is none', async () => {
    await fill('models/main/own/notes.md', 'notes');
    await fill('models/main/.deals.yaml.swp', 'half');
    await fill('models/.git/config', '');
    await fill('models/README.md', '');
    await symlink('.', join(models, 'main', 'circle'));
    await symlink('nowhere', join(models, 'main', 'gone.yaml'));
    await promisify(execFile)('mkfifo', [join(models, 'main', 'pipe.yaml')]);
    expect(await readModelLines(models)).toEqual([{ model: 'main/own/notes.md', text: 'notes' }]);
  });

  it('are none where there is no folder, and an error where it cannot be known', async () => {
    expect(await readModelLines(models)).toEqual([]);
    await symlink('models', models);
    await expect(readModelLines(models)).rejects.toThrow('ELOOP');
  });
});
