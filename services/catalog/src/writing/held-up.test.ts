import { SophiaError } from '@sophia/shared';
import { describe, expect, test, vi } from 'vitest';
import { byHand, clock, ended, isHeld, nextTurn, type Request, request, settled, simulateTime } from '../testing/grouped-requests.ts';
import { createGroupCommit } from './group-commit.ts';

simulateTime();

describe('rows that somebody else holds', () => {
  test('where a row is held, those who share its transaction run again alone beside the others, in turn, and keep their order', async () => {
    const { group, begun } = byHand();
    const values = () => begun.map((each) => each.values);
    const first = [1, 2, 3].map((value) => group.submit(request(value)));
    await settled();
    const second = group.submit(request(4, { key: 'k1' }));
    await begun[0]?.end(isHeld());
    const other = group.submit(request(5));
    await settled();
    expect(values()).toEqual([[1, 2, 3], [1], [5]]);
    expect(group.waiting).toBe(3);
    await begun[2]?.end();
    expect(await other).toBe(50);
    await begun[1]?.end(isHeld());
    await begun[3]?.end();
    await begun[4]?.end();
    expect(await Promise.all(first.slice(1))).toEqual([20, 30]);
    expect(values().slice(3)).toEqual([[2], [3], [1]]);
    await begun[5]?.end();
    expect(values()[6]).toEqual([4]);
    await begun[6]?.end();
    expect(await Promise.all([first[0], second])).toEqual([10, 40]);
    expect(group.waiting).toBe(0);
    await group.close();
  });

  test('rows that are held, more than there are transactions, are tried for a moment each', async () => {
    const { group, begun } = byHand({ queue: 60, batch: 60 });
    const timeouts = () => begun.map(({ limits }) => limits.lockTimeout);
    const held = Array.from({ length: 60 }, (_, value) => group.submit(request(value)));
    await settled();
    await begun[0]?.end(isHeld());
    await begun[1]?.end(isHeld());
    // Nothing was known to be held by those that came first.
    expect(timeouts()).toEqual([1_000, 20, 20]);
    const other = group.submit(request(60));
    await expect(group.submit(request(61))).rejects.toMatchObject({ code: 'overloaded' });
    await settled();
    for (let index = 2; index < begun.length; index++) await begun[index]?.end();
    expect(await Promise.all([...held, other])).toEqual(Array.from({ length: 61 }, (_, value) => value * 10));
    expect(timeouts()[52]).toBeGreaterThan(20);
    // The only one that is held is waited for longer.
    const last = group.submit(request(1));
    await settled();
    await begun.at(-1)?.end(isHeld());
    await begun.at(-1)?.end(isHeld());
    expect(timeouts().slice(-2)).toEqual([250, 250]);
    const beside = group.submit(request(2));
    await settled();
    expect(begun.at(-1)).toMatchObject({ values: [2], limits: { lockTimeout: 250 } });
    await begun.at(-1)?.end();
    await begun.at(-2)?.end();
    expect(await Promise.all([last, beside])).toEqual([10, 20]);
    await group.close();
  });

  test('the next request of a key that could not be written keeps no other waiting, until one of it is written', async () => {
    const { group, begun } = byHand();
    const controller = new AbortController();
    const gone = group.submit(request(1, { signal: controller.signal }));
    await settled();
    await begun[0]?.end(isHeld());
    controller.abort(new Error('gone'));
    await expect(gone).rejects.toThrow('gone');
    await begun[1]?.end(isHeld());
    const both = [group.submit(request(1))];
    await settled();
    both.push(group.submit(request(2)));
    await settled();
    expect(begun.slice(2).map(({ values }) => values)).toEqual([[1], [2]]);
    await begun[2]?.end();
    await begun[3]?.end();
    expect(await Promise.all(both)).toEqual([10, 20]);
    const again = [group.submit(request(1)), group.submit(request(2))];
    await settled();
    expect(begun[4]?.values).toEqual([1, 2]);
    await begun[4]?.end();
    expect(await Promise.all(again)).toEqual([10, 20]);
    await group.close();
  });

  test('a key whose row was held keeps no other waiting, also where its request came to its deadline while it was tried', async () => {
    const { group, begun } = byHand();
    const late = group.submit(request(1));
    const lateError = expect(late).rejects.toMatchObject({ code: 'deadline_exceeded' });
    await settled();
    await begun[0]?.end(isHeld());
    await begun[1]?.end(new SophiaError('deadline_exceeded', 'The database did not answer within 80 ms.'));
    await lateError;
    const both = [group.submit(request(1)), group.submit(request(2))];
    await settled();
    expect(begun.slice(2).map(({ values }) => values)).toEqual([[2], [1]]);
    await begun[2]?.end();
    await begun[3]?.end();
    expect(await Promise.all(both)).toEqual([10, 20]);
    await group.close();
  });

  test('remembers a thousand keys that could not be written', async () => {
    const locked = new Set(Array.from({ length: 1_001 }, (_, value) => `k${value}`));
    const alone: string[] = [];
    const group = createGroupCommit<Request, number>({
      commit: async (requests) => {
        await nextTurn();
        if (requests.length === 1) alone.push(...requests.map(({ key }) => key));
        if (requests.some(({ key }) => locked.has(key))) throw isHeld();
        return requests.map(({ value }) => value);
      },
      clock,
      transactions: 1,
      worthwhile: 1,
      queue: 2_000,
      batch: 2_000,
    });
    const controllers = [...locked].map(() => new AbortController());
    const held = [...locked].map((_, value) => group.submit(request(value, { signal: controllers[value]?.signal })));
    const refused = Promise.allSettled(held);
    await vi.waitUntil(() => alone.includes('k1000'));
    for (const controller of controllers) controller.abort(new Error('gone'));
    await refused;
    await vi.waitUntil(() => group.waiting === 0);
    locked.clear();
    alone.length = 0;
    // With two others, so that the one that was forgotten is not alone.
    await ended(Promise.all(Array.from({ length: 1_003 }, (_, value) => group.submit(request(value)))));
    expect(alone.length).toBe(1_000);
    await group.close();
  });
});
