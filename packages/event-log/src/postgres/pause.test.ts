import { expect, test } from 'vitest';
import { pause } from './pause.ts';

test('a pause ends by itself or with the abort', async () => {
  const controller = new AbortController();
  await pause(1, controller.signal);
  const long = pause(600_000, controller.signal);
  controller.abort();
  await expect(long).resolves.toBeUndefined();
  await expect(pause(600_000, controller.signal)).resolves.toBeUndefined();
});
