import type { ConsumeOptions, EventLog, Handler, MicroBatch } from '@sophia/event-log';
import { createGate } from '@sophia/shared/testing';
import type { EventFact, Position } from '@sophia/types';
import { describe, expect, it } from 'vitest';
import { createPublishedReadPoint } from './published-read-point.ts';
import { startWarehouseProjection, type WarehouseProjectionOptions } from './warehouse-projection.ts';

const AT = '2026-01-01T00:00:00.000000Z';
const batchOf = (tick: number, endOfTick: boolean): MicroBatch<EventFact> => ({
  events: [],
  cursor: (endOfTick ? `e.${tick + 1}.0` : `e.${tick}.1`) as Position,
  tick,
  mark: `${tick}`,
  at: AT,
  completeTo: AT,
  endOfTick,
});

/** The projection over a warehouse that applies everything; `deliver` hands it a batch as the log does. */
const start = async (
  onInvalidated: WarehouseProjectionOptions['onInvalidated'],
  apply: WarehouseProjectionOptions['warehouse']['apply'] = () => Promise.resolve(),
) => {
  const published = createPublishedReadPoint({ tick: 0, position: 'e.1.0' as Position, completeTo: AT });
  const cleared: string[] = [];
  const cache = (name: string) => ({ invalidate: () => undefined, clear: () => void cleared.push(name) });
  const handlers: Handler<EventFact>[] = [];
  let cursor: ConsumeOptions['cursor'];
  const eventLog: Pick<EventLog, 'consumeFacts'> = {
    consumeFacts: async (group, handler, options) => {
      handlers.push(handler);
      cursor = options?.cursor;
      return { group, close: () => Promise.resolve() };
    },
  };
  const { close } = await startWarehouseProjection({
    eventLog: eventLog as EventLog,
    warehouse: { apply, applied: () => ({ cursor: null, tick: 0, completeTo: null, generation: 1 }) },
    instance: undefined,
    answers: cache('answers'),
    results: cache('results'),
    published,
    isEnvironmental: () => false,
    beforeApply: () => undefined,
    onApplied: () => undefined,
    onInvalidated,
    onPublished: () => undefined,
    onSetAside: () => Promise.resolve(),
    took: () => undefined,
    clock: { monotonic: () => 0 },
  });
  const deliver = async (batch: MicroBatch<EventFact>, replay = false) => {
    for (const handler of handlers) await handler(batch, { replay, signal: new AbortController().signal, transaction: undefined as never });
  };
  return { published, cleared, deliver, close, cursor: async () => cursor?.() };
};

describe('the projection', () => {
  it('states a tick when it is applied to its end, and never one of a replay', async () => {
    const { published, deliver } = await start(() => Promise.resolve());
    await deliver(batchOf(7, false));
    expect(published.current().tick).toBe(0);
    await deliver(batchOf(7, true));
    expect(published.current()).toEqual({ tick: 7, position: 'e.8.0', completeTo: AT });
    await deliver(batchOf(9, true), true);
    expect(published.current().tick).toBe(7);
  });

  it('states a tick only when its invalidations are processed', async () => {
    const gate = createGate();
    const { published, deliver } = await start(gate.pass);
    const delivered = deliver(batchOf(7, true));
    await gate.reached;
    // Whatever does not wait for the gate has run by then.
    await new Promise(setImmediate);
    expect(published.current().tick).toBe(0);
    gate.open();
    await delivered;
    expect(published.current().tick).toBe(7);
  });

  it('says where the warehouse stands, and closes, when what its time is over for is applied or has failed', async () => {
    for (const failure of [undefined, new Error('no room')]) {
      const gate = createGate();
      const { deliver, cursor, close } = await start(
        () => Promise.resolve(),
        async () => {
          await gate.pass();
          if (failure !== undefined) throw failure;
        },
      );
      const ended: string[] = [];
      const delivered = deliver(batchOf(7, true)).catch(() => undefined);
      await gate.reached;
      const waiting = [cursor().then(() => ended.push('cursor')), close().then(() => ended.push('close'))];
      // Whatever does not wait for the gate has run by then.
      await new Promise(setImmediate);
      expect(ended).toEqual([]);
      gate.open();
      await Promise.all([delivered, ...waiting]);
      expect(ended.sort()).toEqual(['close', 'cursor']);
    }
  });

  it('forgets every cached answer when what follows the warehouse’s commit fails', async () => {
    const { published, cleared, deliver } = await start(() => Promise.reject(new Error('no connection')));
    await expect(deliver(batchOf(7, true))).rejects.toThrow('no connection');
    expect(cleared).toEqual(['answers', 'results']);
    expect(published.current().tick).toBe(0);
  });
});
