import { describe, expect, it } from 'vitest';
import { createBulkhead } from './bulkhead.ts';

describe('the bulkhead', () => {
  const start = (bulkhead: ReturnType<typeof createBulkhead>, signal?: AbortSignal) => {
    const work = Promise.withResolvers<string>();
    let began = false;
    const done = bulkhead.run(() => {
      began = true;
      return work.promise;
    }, signal);
    return { finish: () => work.resolve('done'), fail: () => work.reject(new Error('failed')), done, began: () => began };
  };

  it('runs so many at once, the others in their order, and no more wait than may', async () => {
    const bulkhead = createBulkhead({ name: 'exports', concurrency: 2, queue: 2 });
    const calls = [start(bulkhead), start(bulkhead), start(bulkhead), start(bulkhead)];
    expect(calls.map(({ began }) => began())).toEqual([true, true, false, false]);
    expect([bulkhead.active, bulkhead.waiting]).toEqual([2, 2]);
    await expect(start(bulkhead).done).rejects.toMatchObject({ code: 'overloaded', message: 'exports has 2 calls running and 2 waiting.' });

    calls[1]?.fail();
    await expect(calls[1]?.done).rejects.toThrow('failed');
    await expect.poll(() => calls.map(({ began }) => began())).toEqual([true, true, true, false]);
    for (const { finish } of calls) finish();
    await Promise.allSettled(calls.map(({ done }) => done));
    expect([bulkhead.active, bulkhead.waiting]).toEqual([0, 0]);
  });

  it('lets those go who no longer want to wait', async () => {
    const bulkhead = createBulkhead({ name: 'exports', concurrency: 1, queue: 2 });
    const first = start(bulkhead);
    const caller = new AbortController();
    const second = start(bulkhead, caller.signal);
    const third = start(bulkhead, new AbortController().signal);
    caller.abort(new Error('gone'));
    await expect(second.done).rejects.toThrow('gone');
    expect(bulkhead.waiting).toBe(1);
    first.finish();
    third.finish();
    await expect(third.done).resolves.toBe('done');
    expect(second.began()).toBe(false);
    await expect(start(bulkhead, caller.signal).done).rejects.toThrow('gone');
  });
});
