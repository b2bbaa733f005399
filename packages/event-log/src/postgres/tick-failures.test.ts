import { createTestObservability } from '@sophia/observability/testing';
import { expect, test } from 'vitest';
import { createTickFailures } from './tick-failures.ts';

test('failures in a row are told once, and how many they were when one succeeds', async () => {
  const { logger, lines, close } = createTestObservability();
  const failures = createTickFailures(logger);
  failures.end();
  for (let time = 0; time < 5; time++) failures.add(new Error('The database is away.'));
  failures.end();
  failures.end();
  failures.add(new Error('It is away again.'));
  expect(lines().map(({ msg, failures, err }) => [msg, failures ?? Object(err).message])).toEqual([
    ['no tick could be made', 'The database is away.'],
    ['ticks can be made again', 5],
    ['no tick could be made', 'It is away again.'],
  ]);
  await close();
});
