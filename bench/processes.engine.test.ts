import { expect, it } from 'vitest';
import { ProgramMissing, runPinned } from './processes.ts';

it('a program that is not there is told as such', async () => {
  await expect(runPinned('load', 'no-such-program', [])).rejects.toThrow(ProgramMissing);
  await expect(runPinned('load', 'no-such-program', [], { PATH: '/nowhere' })).rejects.toThrow(ProgramMissing);
});

// Elsewhere there is no taskset.
it.runIf(process.platform === 'linux')('a program that fails is told with what it ended with', async () => {
  await expect(runPinned('load', process.execPath, ['-e', 'process.exitCode = 3'])).rejects.toThrow('ended with 3');
  expect(await runPinned('load', process.execPath, ['-e', 'console.log(1)'])).toBe('1\n');
});
