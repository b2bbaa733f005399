import { expect, it } from 'vitest';
import { runApart } from './run-apart.ts';

const shell = (script: string) => runApart({ file: 'sh', arguments: ['-c', script] }, 30_000);

it('a program is run in a process group of its own, which a terminal’s Ctrl-C does not reach', async () => {
  // There is a group with its number.
  await expect(shell('kill -s 0 -- -$$')).resolves.toBeUndefined();
});

it('one that fails is told with its last words and how it ended', async () => {
  await expect(shell('echo no room >&2; exit 3')).rejects.toMatchObject({ stderr: 'no room\n', code: 3, signal: null });
  await expect(shell('kill -9 $$')).rejects.toMatchObject({ stderr: '', code: null, signal: 'SIGKILL' });
  await expect(runApart({ file: 'sleep', arguments: ['30'] }, 10)).rejects.toMatchObject({ signal: 'SIGTERM' });
  await expect(runApart({ file: '/nowhere', arguments: [] }, 10)).rejects.toMatchObject({ code: 'ENOENT' });
});

it('of very many words the last are kept', async () => {
  const { stderr } = await shell('head -c 30000 /dev/zero | tr "\\\\0" x >&2; echo end >&2; exit 1').catch((error) => error);
  expect([stderr.length, stderr.slice(-5)]).toEqual([10_000, 'xend\n']);
});
