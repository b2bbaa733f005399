import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBoundedQueue } from './bounded-queue.ts';

describe('the bounded queue', () => {
  it('makes producers wait while it is full', async () => {
    const queue = createBoundedQueue<number>(2);
    await queue.push(1);
    expect(queue.tryPush(2)).toBe(true);
    expect(queue.tryPush(3)).toBe(false);
    const third = queue.push(3);
    expect(queue.size).toBe(2);
    await expect(queue.take(1)).resolves.toEqual([1]);
    await third;
    await expect(queue.take(10)).resolves.toEqual([2, 3]);
  });

  it('makes consumers wait while it is empty', async () => {
    const queue = createBoundedQueue<number>(2);
    const taking = queue.take(5);
    await queue.push(1);
    await expect(taking).resolves.toEqual([1]);
  });

  it('serves every consumer that waits', async () => {
    const queue = createBoundedQueue<number>(5);
    const taking = [queue.take(1), queue.take(1), queue.take(1)];
    for (const item of [1, 2, 3]) queue.tryPush(item);
    await expect(Promise.all(taking)).resolves.toEqual([[1], [2], [3]]);
  });

  it('gives what is inside after its end, then nothing', async () => {
    const queue = createBoundedQueue<number>(2);
    await queue.push(1);
    queue.end();
    expect(queue.tryPush(2)).toBe(false);
    await expect(queue.push(2)).rejects.toThrow('The queue has ended.');
    await expect(queue.take(1)).resolves.toEqual([1]);
    await expect(queue.take(1)).resolves.toEqual([]);
  });

  it('that ends with an error gives it to those who wait on either side', async () => {
    const full = createBoundedQueue<number>(1);
    await full.push(1);
    const pushing = full.push(2);
    full.end(new Error('the source failed'));
    full.end(new Error('another'));
    await expect(pushing).rejects.toThrow('the source failed');
    await expect(full.take(5)).resolves.toEqual([1]);
    await expect(full.take(5)).rejects.toThrow('the source failed');

    const empty = createBoundedQueue<number>(1);
    const taking = empty.take(1);
    empty.end(new Error('the source failed'));
    await expect(taking).rejects.toThrow('the source failed');
  });

  it('lets those go who no longer want to wait', async () => {
    const queue = createBoundedQueue<number>(1);
    const taker = new AbortController();
    const taking = queue.take(1, taker.signal);
    taker.abort(new Error('gone'));
    await expect(taking).rejects.toThrow('gone');
    await expect(queue.take(1, taker.signal)).rejects.toThrow('gone');

    await queue.push(1);
    const pusher = new AbortController();
    const pushing = queue.push(2, pusher.signal);
    pusher.abort(new Error('gone'));
    await expect(pushing).rejects.toThrow('gone');
    expect(queue.size).toBe(1);
  });

  it('hands everything over once and in order, with any capacity, to a loop', async () => {
    const runs = fc.asyncProperty(fc.array(fc.integer()), fc.integer({ min: 1, max: 5 }), async (items, capacity) => {
      const queue = createBoundedQueue<number>(capacity);
      const produce = async () => {
        for (const item of items) await queue.push(item);
        queue.end();
      };
      const received: number[] = [];
      const consume = async () => {
        for await (const item of queue) received.push(item);
      };
      await Promise.all([produce(), consume()]);
      expect(received).toEqual(items);
    });
    await fc.assert(runs);
  });
});
