import { describe, expect, it } from 'vitest';
import { createBulkhead } from './bulkhead.ts';
import { createParties, type Parties } from './parties.ts';

describe('the bulkhead', () => {
  const start = (bulkhead: ReturnType<typeof createBulkhead>, signal?: AbortSignal, party?: string | Parties) => {
    const work = Promise.withResolvers<string>();
    let began = false;
    const done = bulkhead.run(
      () => {
        began = true;
        return work.promise;
      },
      signal,
      party,
    );
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

  it('gives those that share it their turns, however many calls one of them has waiting', async () => {
    const bulkhead = createBulkhead({ name: 'queries', concurrency: 1, queue: 10 });
    const order: string[] = [];
    const call = (name: string) => bulkhead.run(async () => void order.push(name), undefined, name[0]);
    await Promise.all(['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1', 'a5'].map(call));
    expect(order).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4', 'a5']);
  });

  it('has room for those with few calls waiting, at the cost of whoever has most', async () => {
    const bulkhead = createBulkhead({ name: 'queries', concurrency: 1, queue: 3 });
    const many = [start(bulkhead, undefined, 'a'), start(bulkhead, undefined, 'a'), start(bulkhead, undefined, 'a')];
    const last = start(bulkhead, new AbortController().signal, 'a');
    await expect(start(bulkhead, undefined, 'a').done).rejects.toMatchObject({ code: 'overloaded' });
    const few = start(bulkhead, undefined, 'b');
    await expect(last.done).rejects.toMatchObject({ code: 'overloaded', message: 'queries has 1 calls running and 3 waiting.' });
    await expect(start(bulkhead, undefined, 'b').done).rejects.toMatchObject({ code: 'overloaded' });
    expect(bulkhead.waiting).toBe(3);
    for (const { finish } of [...many, few]) finish();
    await Promise.all([...many, few].map(({ done }) => done));
    expect([bulkhead.active, bulkhead.waiting]).toEqual([0, 0]);
  });

  it('lets a call of several go on at whoever’s turn comes first', async () => {
    const bulkhead = createBulkhead({ name: 'queries', concurrency: 1, queue: 10 });
    const order: string[] = [];
    const call = (name: string, party: string | Parties) => bulkhead.run(async () => void order.push(name), undefined, party);
    const shared = createParties('a');
    const done = ['a1', 'a2', 'a3'].map((name) => call(name, 'a'));
    done.push(call('shared', shared), call('b1', 'b'), call('c1', 'c'));
    for (const party of ['b', 'c', 'c']) shared.join(party);
    done.push(call('b2', 'b'));
    await Promise.all(done);
    // In the order of its arrival among those of each.
    expect(order).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'shared', 'b2']);
    expect([bulkhead.active, bulkhead.waiting]).toEqual([0, 0]);
  });

  it('gives a call the place that is free for one who joins it, or who is of it already', async () => {
    const bulkhead = createBulkhead({ name: 'queries', concurrency: 2, queue: 10 });
    const many = [start(bulkhead, undefined, 'a'), start(bulkhead, undefined, 'a')];
    const shared = createParties('a');
    const joined = start(bulkhead, undefined, shared);
    expect([joined.began(), bulkhead.waiting]).toEqual([false, 2]);
    shared.join('b');
    await expect.poll(joined.began).toBe(true);
    expect([bulkhead.active, bulkhead.waiting]).toEqual([2, 1]);
    joined.finish();
    await joined.done;
    // It waits no more, so it is nobody's call any longer.
    shared.join('c');
    const again = start(bulkhead, undefined, shared);
    expect(again.began()).toBe(true);
    for (const { finish } of [...many, again]) finish();
    await Promise.all([...many, again].map(({ done }) => done));
    expect([bulkhead.active, bulkhead.waiting]).toEqual([0, 0]);
  });

  it('refuses a call of several only when it is the last of all of them', async () => {
    const bulkhead = createBulkhead({ name: 'queries', concurrency: 1, queue: 3 });
    const shared = createParties('a');
    const [first, second, third, both] = ['a', 'a', 'a', shared].map((party) => start(bulkhead, undefined, party));
    shared.join('b');
    // The newest of those who have most waiting is the shared one, which stays for the other's sake.
    const few = start(bulkhead, undefined, 'c');
    await expect(third?.done).rejects.toMatchObject({ code: 'overloaded' });
    expect(bulkhead.waiting).toBe(3);
    // One that has many, and one that has as many as anybody: neither makes room.
    await expect(start(bulkhead, undefined, createParties('c')).done).rejects.toMatchObject({ code: 'overloaded' });
    const [gone, caller] = [createParties('a'), new AbortController()];
    gone.join('c');
    await expect(start(bulkhead, caller.signal, gone).done).rejects.toMatchObject({ code: 'overloaded' });
    for (const call of [first, second, both, few]) call?.finish();
    await Promise.all([first, second, both, few].map((call) => call?.done));
    expect([bulkhead.active, bulkhead.waiting]).toEqual([0, 0]);
  });

  it('has a place for another, however many calls of one are under way', async () => {
    const bulkhead = createBulkhead({ name: 'queries', concurrency: 3, queue: 10 });
    const many = Array.from({ length: 4 }, () => start(bulkhead, undefined, 'a'));
    expect(many.map(({ began }) => began())).toEqual([true, true, false, false]);
    const few = start(bulkhead, undefined, 'b');
    expect(few.began()).toBe(true);
    few.finish();
    await few.done;
    expect([bulkhead.active, bulkhead.waiting]).toEqual([2, 2]);

    many[0]?.finish();
    await expect.poll(() => many.map(({ began }) => began())).toEqual([true, true, true, false]);
    for (const { finish } of many) finish();
    await Promise.all(many.map(({ done }) => done));
    expect([bulkhead.active, bulkhead.waiting]).toEqual([0, 0]);
  });
});
