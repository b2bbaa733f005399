import { createTestObservability } from '@sophia/observability/testing';
import { expect, test } from 'vitest';
import type { KeptSession } from './kept-session.ts';
import type { Select } from './select.ts';
import { openTickBook } from './tick-book.ts';
import { startTicker } from './ticker.ts';

/** A ticker over a table of ticks in memory, whose time stands still unless it rests. */
async function startOverTable({ elected }: { readonly elected: boolean }) {
  const state = { now: 0, said: [] as string[] };
  const first = { tick: '0', snapshot: '1:1:', complete_to: 't', at: 't', floor: '0', ceiling: '0' };
  const rows = [first];
  const make = () => {
    const row = { ...first, tick: `${rows.length}` };
    rows.push(row);
    return row;
  };
  // In the shape that the book's statements ask for.
  const select: Select = async ({ name }, [since]) =>
    (name === 'event_log_last_ticks' ? rows.slice(-1) : rows.filter(({ tick }) => Number(tick) >= Number(since))) as never;
  const answers: Readonly<Record<string, () => object>> = { event_log_elect: () => ({ elected }), event_log_make_tick: make };
  const session: KeptSession = {
    isOpen: true,
    query: async ({ name }) => {
      state.said.push(name);
      return [answers[name]?.() ?? {}] as never;
    },
    close: async () => {},
  };
  const rest = async (milliseconds: number) => {
    state.now += milliseconds;
  };
  const observability = createTestObservability();
  const book = await openTickBook(select);
  const ticker = startTicker({
    name: 'this',
    session,
    book,
    clock: { now: () => state.now, monotonic: () => state.now },
    logger: observability.logger,
    haste: { isUrgent: true, begin: () => () => {}, rest },
    intervalMs: 5,
    idleMs: 60_000,
  });
  const close = async () => {
    await ticker.close();
    await observability.close();
  };
  return { state, make, book, ticker, close };
}

test('who stands in for a ticker that is silent goes on until that one makes ticks again', async () => {
  const { state, make, book, ticker, close } = await startOverTable({ elected: false });
  state.now = 90_001;
  for (const tick of [1, 2, 3]) {
    ticker.wake();
    await expect.poll(() => book.head.tick).toBe(tick);
  }
  expect(state.said).not.toContain('event_log_say_written');
  make();
  await book.refresh();
  // It waits to make one itself, and sees then that it need not make others.
  ticker.wake();
  await expect.poll(() => book.head.tick).toBe(5);
  ticker.wake();
  await expect.poll(() => state.said).toContain('event_log_say_written');
  expect(book.head.tick).toBe(5);
  await close();
});

test('whose session is lost is elected no more until it is elected again', async () => {
  const { state, ticker, close } = await startOverTable({ elected: true });
  await expect.poll(() => ticker.isElected).toBe(true);
  ticker.deposed();
  expect(ticker.isElected).toBe(false);
  ticker.wake();
  await expect.poll(() => ticker.isElected).toBe(true);
  expect(state.said.filter((name) => name === 'event_log_elect')).toHaveLength(2);
  await close();
});
