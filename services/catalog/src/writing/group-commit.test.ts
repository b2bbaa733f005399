import { SophiaError } from '@sophia/shared';
import { describe, expect, test, vi } from 'vitest';
import { byHand, clock, type Request, request, settled, simulateTime, time, turns } from '../testing/grouped-requests.ts';
import { createGroupCommit } from './group-commit.ts';

simulateTime();

describe('group commit', () => {
  test('takes along what each turn of the event loop brings, until one brings nothing', async () => {
    const { group, begun } = byHand();
    const answers: Promise<number>[] = [];
    // One more in each of three turns.
    const come = (value: number) => {
      if (value < 3) setImmediate(come, value + 1);
      answers.push(group.submit(request(value)));
    };
    come(1);
    await settled();
    answers.push(group.submit(request(4)));
    await settled();
    expect(begun.map(({ values }) => values)).toEqual([[1, 2, 3]]);
    expect(group.waiting).toBe(1);
    await begun[0]?.end();
    await begun[1]?.end();
    expect(await Promise.all(answers)).toEqual([10, 20, 30, 40]);
  });

  test('waits no longer than a moment for what each turn of the event loop brings', async () => {
    const { group, begun } = byHand();
    const answers: Promise<number>[] = [];
    // One more in each turn, which takes five milliseconds.
    const come = (value: number) => {
      time.now += 5;
      if (value < 8) setImmediate(come, value + 1);
      answers.push(group.submit(request(value)));
    };
    come(1);
    await settled();
    await settled();
    expect(begun.map(({ values }) => values)).toEqual([[1, 2]]);
    await begun[0]?.end();
    await begun[1]?.end();
    expect(await Promise.all(answers)).toEqual([10, 20, 30, 40, 50, 60, 70, 80]);
    await group.close();
  });

  test('shares a transaction among those that wait, and answers each', async () => {
    const { group, begun } = byHand();
    const first = group.submit(request(1));
    const second = group.submit(request(2));
    await settled();
    const later = [group.submit(request(3)), group.submit(request(4))];
    expect(begun.map(({ values }) => values)).toEqual([[1, 2]]);
    expect(group.waiting).toBe(2);
    await begun[0]?.end();
    expect(await Promise.all([first, second])).toEqual([10, 20]);
    expect(begun.map(({ values }) => values)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    await begun[1]?.end();
    expect(await Promise.all(later)).toEqual([30, 40]);
    expect(group.waiting).toBe(0);
  });

  test('waits for those who were answered last', async () => {
    const { group, begun } = byHand();
    const answers = [1, 2].map((value) => group.submit(request(value)));
    await settled();
    answers.push(group.submit(request(3)), group.submit(request(4, { key: 'k3' })));
    begun[0]?.finish();
    await answers[0];
    answers.push(group.submit(request(5)));
    await turns();
    // Three keys waited or were in hand.
    expect(begun.length).toBe(1);
    answers.push(group.submit(request(6)));
    await turns();
    expect(begun[1]?.values).toEqual([3, 5, 6]);
    await begun[1]?.end();
    await begun[2]?.end();
    expect(await Promise.all(answers)).toEqual([10, 20, 30, 40, 50, 60]);
    await group.close();
  });

  test('waits for nobody but the next of a key where all are of that key', async () => {
    const { group, begun } = byHand();
    const answers = [1, 2, 3].map((value) => group.submit(request(value, { key: 'a' })));
    await turns();
    for (let index = 0; index < 3; index++) {
      expect(begun[index]?.values).toEqual([index + 1]);
      begun[index]?.finish();
      await turns();
    }
    expect(await Promise.all(answers)).toEqual([10, 20, 30]);
    await group.close();
  });

  test('counts those who wait for a key once', async () => {
    const { group, begun } = byHand();
    const submit = (value: number, key: string) => group.submit(request(value, { key }));
    const answers = [submit(1, 'a'), submit(2, 'b')];
    await settled();
    answers.push(submit(3, 'a'), submit(4, 'a'));
    begun[0]?.finish();
    await turns();
    expect(begun.length).toBe(1);
    answers.push(submit(5, 'b'));
    await turns();
    expect(begun[1]?.values).toEqual([3, 5]);
    await begun[1]?.end();
    await begun[2]?.end();
    expect(await Promise.all(answers)).toEqual([10, 20, 30, 40, 50]);
    await group.close();
  });

  test.each([
    { milliseconds: 1, waits: false },
    { milliseconds: 20, waits: true },
  ])(
    'where others come within $milliseconds ms as often as those who were waited for: waits again $waits',
    async ({ milliseconds, waits }) => {
      const { group, begun } = byHand();
      const answers = [1, 2].map((value) => group.submit(request(value)));
      await settled();
      begun[0]?.finish();
      await answers[0];
      answers.push(group.submit(request(3)));
      await turns();
      time.now += 1;
      answers.push(group.submit(request(4)));
      await turns();
      expect(begun[1]?.values).toEqual([3, 4]);
      time.now += milliseconds;
      answers.push(...[5, 6, 7].map((value) => group.submit(request(value))));
      begun[1]?.finish();
      await turns();
      expect(begun.length).toBe(waits ? 2 : 3);
      await settled();
      expect(begun[2]?.values).toEqual([5, 6, 7]);
      await begun[2]?.end();
      await Promise.all(answers);
      await group.close();
    },
  );

  test('does not wait for those who are in hand of another transaction', async () => {
    const { group, begun } = byHand({ transactions: 2 });
    const first = [1, 2].map((value) => group.submit(request(value)));
    await settled();
    await begun[0]?.end();
    await Promise.all(first);
    const answers = [1, 2].map((value) => group.submit(request(value)));
    await turns();
    answers.push(group.submit(request(3)));
    await turns();
    expect(begun.slice(1).map(({ values }) => values)).toEqual([[1, 2], [3]]);
    await begun[1]?.end();
    await begun[2]?.end();
    expect(await Promise.all(answers)).toEqual([10, 20, 30]);
    await group.close();
  });

  test('takes a key once: the next request of it waits, others go by', async () => {
    const { group, begun } = byHand();
    const all = [request(1, { key: 'a' }), request(2, { key: 'a' }), request(3, { key: 'b' }), request(4, { key: 'a' })].map(group.submit);
    await settled();
    await begun[0]?.end();
    await begun[1]?.end();
    await begun[2]?.end();
    expect(begun.map(({ values }) => values)).toEqual([[1, 3], [2], [4]]);
    expect(await Promise.all(all)).toEqual([10, 20, 30, 40]);
  });

  test('takes no more than a batch, and begins another transaction beside it where enough wait', async () => {
    const { group, begun } = byHand({ transactions: 2, worthwhile: 3, batch: 2 });
    const values = () => begun.map((each) => each.values);
    const all = Array.from({ length: 6 }, (_, index) => group.submit(request(index)));
    await settled();
    // Four waited when the second began; the two that wait now are not worth a third.
    expect(values()).toEqual([
      [0, 1],
      [2, 3],
    ]);
    await begun[0]?.end();
    // One runs: what waits is worth no second one.
    expect(values().length).toBe(2);
    await begun[1]?.end();
    expect(values()[2]).toEqual([4, 5]);
    await begun[2]?.end();
    expect(await Promise.all(all)).toEqual([0, 10, 20, 30, 40, 50]);
  });

  test('a key in hand of one transaction is taken by no other', async () => {
    const { group, begun } = byHand({ transactions: 2, batch: 2 });
    const all = [0, 1, 2, 3].map((value) => group.submit(request(value, { key: value < 3 ? 'a' : 'b' })));
    await settled();
    expect(begun.map(({ values }) => values)).toEqual([[0, 3]]);
    for (let index = 0; index < 3; index++) await begun[index]?.end();
    expect(begun.map(({ values }) => values)).toEqual([[0, 3], [1], [2]]);
    expect(await Promise.all(all)).toEqual([0, 10, 20, 30]);
  });

  test('refuses what its queue cannot hold', async () => {
    const { group, begun } = byHand({ queue: 2 });
    const taken = group.submit(request(0));
    await settled();
    const waiting = [group.submit(request(1)), group.submit(request(2))];
    await expect(group.submit(request(3))).rejects.toMatchObject({ code: 'overloaded', retryAfter: 1 });
    await begun[0]?.end();
    await begun[1]?.end();
    await Promise.all([taken, ...waiting]);
  });

  test('gives up on what waits or works beyond its deadline', async () => {
    const { group, begun } = byHand();
    const inHand = group.submit(request(1, { deadline: 500 }));
    await settled();
    const late = group.submit(request(2, { deadline: 50 }));
    const patient = group.submit(request(3));
    const lateError = expect(late).rejects.toMatchObject({ code: 'deadline_exceeded', status: 503 });
    time.now = 100;
    vi.advanceTimersByTime(100);
    await lateError;
    expect(begun[0]?.limits.deadline).toBe(500);
    const inHandError = expect(inHand).rejects.toMatchObject({ code: 'deadline_exceeded' });
    time.now = 600;
    vi.advanceTimersByTime(100);
    await inHandError;
    await begun[0]?.end();
    expect(begun[1]).toMatchObject({ values: [3], limits: { deadline: 9_400 } });
    await begun[1]?.end();
    expect(await patient).toBe(30);
    // With nothing left in hand the sweeping ends.
    vi.advanceTimersByTime(100);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('lets a caller go whose signal aborts', async () => {
    const { group, begun } = byHand();
    const aborted = AbortSignal.abort(new Error('gone'));
    await expect(group.submit(request(1, { signal: aborted }))).rejects.toThrow('gone');
    const first = group.submit(request(1));
    await settled();
    const controller = new AbortController();
    const leaving = group.submit(request(2, { signal: controller.signal }));
    controller.abort(new Error('left'));
    await expect(leaving).rejects.toThrow('left');
    await begun[0]?.end();
    await first;
    expect(begun.length).toBe(1);
  });

  test('finds the request that breaks a transaction, and spares the others', async () => {
    const group = createGroupCommit<Request, number>({
      commit: async (requests) => {
        if (requests.some(({ value }) => value === 2)) throw new SophiaError('database_error', 'It cannot be cast.');
        return requests.map(({ value }) => value);
      },
      clock,
      transactions: 1,
      worthwhile: 1,
      queue: 10,
      batch: 10,
    });
    const [one, two, three] = await Promise.allSettled([1, 2, 3].map((value) => group.submit(request(value))));
    expect(one).toEqual({ status: 'fulfilled', value: 1 });
    expect(two).toMatchObject({ status: 'rejected', reason: { code: 'database_error' } });
    expect(three).toEqual({ status: 'fulfilled', value: 3 });
  });

  test('while it looks for the request that breaks a transaction, the next one begins', async () => {
    const { group, begun } = byHand({ transactions: 2, worthwhile: 100 });
    const both = [1, 2].map((value) => group.submit(request(value)));
    await settled();
    await begun[0]?.end(new SophiaError('database_error', 'It cannot be cast.'));
    const other = group.submit(request(3));
    await settled();
    expect(begun.slice(1).map(({ values }) => values)).toEqual([[1], [3]]);
    await begun[2]?.end();
    await begun[1]?.end();
    await begun[3]?.end();
    expect(await Promise.all([...both, other])).toEqual([10, 20, 30]);
    await group.close();
  });

  test('executes the next transaction while the last one is made durable, where that takes long', async () => {
    const { group, begun } = byHand({ transactions: 2, worthwhile: 100 });
    const answers = [group.submit(request(1))];
    await settled();
    answers.push(group.submit(request(2)));
    await settled();
    expect(begun.length).toBe(1);
    begun[0]?.executed();
    await vi.waitUntil(() => begun.length === 2);
    expect(begun[1]?.values).toEqual([2]);
    await begun[1]?.end();
    await begun[0]?.end();
    expect(await Promise.all(answers)).toEqual([10, 20]);
    await group.close();
  });

  test('executes no other transaction beside a commit that is quick', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    const { group, begun } = byHand({ transactions: 2, worthwhile: 100 });
    const answers = [group.submit(request(1))];
    await settled();
    answers.push(group.submit(request(2)));
    begun[0]?.executed();
    await turns();
    expect(begun.length).toBe(1);
    await settled();
    expect(begun.length).toBe(2);
    await begun[0]?.end();
    await begun[1]?.end();
    expect(await Promise.all(answers)).toEqual([10, 20]);
    await group.close();
  });

  test('a transaction that takes long keeps others from beginning no longer', async () => {
    const { group, begun } = byHand({ transactions: 2, worthwhile: 100 });
    const held = group.submit(request(1));
    await settled();
    const others = [group.submit(request(2)), group.submit(request(3)), group.submit(request(4, { key: 'k1' }))];
    time.now = 200;
    vi.advanceTimersByTime(200);
    await settled();
    expect(begun.map(({ values }) => values)).toEqual([[1]]);
    time.now = 300;
    vi.advanceTimersByTime(100);
    await settled();
    expect(begun.map(({ values }) => values)).toEqual([[1], [2, 3]]);
    await begun[1]?.end();
    expect(await Promise.all(others.slice(0, 2))).toEqual([20, 30]);
    await begun[0]?.end();
    await begun[2]?.end();
    expect(await Promise.all([held, others[2]])).toEqual([10, 40]);
  });

  test('tells all of them when the database is gone, and tries none again', async () => {
    const { group, begun } = byHand();
    const all = [1, 2].map((value) => group.submit(request(value)));
    const errors = Promise.all(all.map((each) => expect(each).rejects.toMatchObject({ code: 'unavailable' })));
    await settled();
    await begun[0]?.end(new SophiaError('unavailable', 'The database cannot be reached.'));
    await errors;
    expect(begun.length).toBe(1);
  });

  test('closes when what it took is answered', async () => {
    const { group, begun } = byHand();
    const taken = group.submit(request(1));
    await settled();
    const closed = group.close();
    await expect(group.submit(request(2))).rejects.toMatchObject({ code: 'unavailable' });
    await begun[0]?.end();
    await closed;
    expect(await taken).toBe(10);
  });
});
