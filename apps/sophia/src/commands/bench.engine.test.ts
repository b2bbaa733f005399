import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { runHere } from '../testing/run-here.ts';

it.each(['nope', '--growth --check --sizes many', '--nothing'])('bench %s is a mistake, not a failure', async (line) => {
  expect((await runHere(['bench', ...line.split(' ')])).code).toBe(2);
});

it('with --json a mistake is told as JSON, too', async () => {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const failed = await promisify(execFile)(process.execPath, [main, 'bench', 'nope', '--json']).catch((error: unknown) => error);
  expect(failed).toMatchObject({ code: 2, stderr: expect.stringContaining('no benchmark "nope"') });
  const { stdout } = failed as { stdout: string };
  expect(JSON.parse(stdout)).toEqual({ problem: { detail: expect.stringContaining('no benchmark "nope"'), exit: 2 } });
});

it('a program that is not there is told in one line', async () => {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const env = { ...process.env, PATH: '/nowhere' };
  const failed = await promisify(execFile)(process.execPath, [main, 'bench', 'single-writes', '--smoke'], { env }).catch((error) => error);
  expect(failed).toMatchObject({ code: 2, stderr: expect.stringMatching(/^sophia bench: no \w+ on the PATH$/m) });
});
