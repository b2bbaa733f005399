import { describe, expect, test } from 'vitest';
import { createHaste } from './haste.ts';

const never = new AbortController().signal;

describe('the rest between two rounds', () => {
  test('is cut short by who begins to wait', async () => {
    const haste = createHaste();
    const resting = [haste.rest(60_000, never), haste.rest(60_000, never)];
    const done = haste.begin();
    await Promise.all(resting);
    expect(haste.isUrgent).toBe(true);
    done();
    expect(haste.isUrgent).toBe(false);
  });

  test('is urgent until the last of those who wait has what it waited for', () => {
    const haste = createHaste();
    const [one, other] = [haste.begin(), haste.begin()];
    one();
    one();
    expect(haste.isUrgent).toBe(true);
    other();
    expect(haste.isUrgent).toBe(false);
  });

  test('takes its time where nobody waits, and ends at an abort', async () => {
    const haste = createHaste();
    await haste.rest(1, never);
    const closing = new AbortController();
    const resting = haste.rest(60_000, closing.signal);
    closing.abort();
    await resting;
    await haste.rest(60_000, AbortSignal.abort());
  });
});
