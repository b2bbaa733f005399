import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestPlatform, type TestPlatform } from './testing/test-platform.ts';

let test: TestPlatform;
beforeAll(async () => {
  test = await openTestPlatform();
});
afterAll(() => test.close());

it('a platform that has caught up after a pause is complete to a moment since, and not late', async () => {
  await test.apply('deal', 'before', { name: 'before' });
  // As long as nobody asks for ticks, the newest is of before the pause.
  const { tick, completeTo } = await test.platform.eventLog.head();
  await test.restart();
  await test.platform.caughtUp();
  const paused = test.platform.analytics.readPoint();
  expect(paused.tick).toBeGreaterThan(tick);
  expect(Date.parse(paused.completeTo)).toBeGreaterThan(Date.parse(completeTo));

  const { tick: newest } = await test.platform.eventLog.head();
  await test.platform.caughtUp();
  expect(test.platform.analytics.readPoint().tick).toBeGreaterThan(newest);
});
