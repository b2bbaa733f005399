import { expect, it } from 'vitest';
import { runHere } from '../testing/run-here.ts';

it.each(['nope', '--growth --check --sizes many', '--nothing'])('bench %s is a mistake, not a failure', async (line) => {
  expect((await runHere(['bench', ...line.split(' ')])).code).toBe(2);
});
