import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runSophia } from '../fixtures/sophia-command.ts';
import { startSophia, temporaryDataFolder } from '../fixtures/sophia-process.ts';

const TUTORIAL = new URL('../../docs/tutorials/first-steps.md', import.meta.url);

it('every command of the first steps does what it says', async () => {
  const folder = await temporaryDataFolder();
  const sophia = await startSophia({ dataDirectory: folder.path });
  const backup = join(folder.path, '..', 'sophia.backup');
  try {
    const commands = (await readFile(TUTORIAL, 'utf8'))
      .split('\n')
      .filter((line) => line.startsWith('./sophia ') && line !== './sophia start');
    expect(commands.length).toBeGreaterThan(10);
    for (const command of commands) {
      const words = [...command.slice('./sophia '.length).matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
      const args = words.map((word) => (word === 'sophia.backup' ? backup : word));
      const { code, err } = await runSophia([...args, '--data-dir', folder.path]);
      expect([command, code, err.includes('sophia:')]).toEqual([command, 0, false]);
    }
  } finally {
    await sophia.kill();
    await rm(backup, { force: true });
    await folder.remove();
  }
});
