import { expect, test } from 'vitest';
import { writeRounds } from './import-pipeline.ts';
import { openRound } from './round.ts';

test('what is told of a round waits until all of the rounds before are told of', async () => {
  const told: string[] = [];
  const { promise: first, resolve: tell } = Promise.withResolvers<void>();
  const rounds = (async function* () {
    for (const end of [1, 2]) yield openRound(0).close(end);
  })();
  // Without lanes nothing is written.
  const options = {
    lanes: [],
    onCommitted: async ({ end }: { readonly end: number }) => {
      told.push(`begins ${end}`);
      if (end === 1) await first;
      told.push(`ends ${end}`);
    },
  };
  const writing = writeRounds({} as never, rounds, options as never);
  await expect.poll(() => told).toContain('begins 1');
  await new Promise((resolve) => setImmediate(resolve));
  tell();
  await writing;
  expect(told).toEqual(['begins 1', 'ends 1', 'begins 2', 'ends 2']);
});
