import { expect, test } from 'vitest';
import type { Select } from './select.ts';
import { type TickRow, tickOf } from './tick.ts';
import { openTickBook } from './tick-book.ts';

/** A table of ticks in memory, and how often it was asked. */
function createTable(count: number) {
  const rows: TickRow[] = [];
  const state = { asked: 0, rows };
  const make = () => {
    const tick = `${rows.length}`;
    const row = { tick, snapshot: '1:1:', complete_to: 't', at: 't', floor: '0', ceiling: '0' };
    rows.push(row);
    return row;
  };
  for (let index = 0; index < count; index++) make();
  const select: Select = async ({ name }, [first, second]) => {
    state.asked++;
    const answer = (): TickRow[] => {
      if (name === 'event_log_last_ticks') return rows.slice(-Number(first)).reverse();
      return rows.filter(({ tick }) => Number(tick) >= Number(first)).slice(0, Number(second));
    };
    // The table above has the shape that the book's statements ask for.
    return structuredClone(answer()) as never;
  };
  return { state, make, select };
}

const numbers = (ticks: readonly { readonly tick: number }[]) => ticks.map(({ tick }) => tick);

test('a table without ticks is refused', async () => {
  await expect(openTickBook(createTable(0).select)).rejects.toThrow('The table of ticks is empty');
});

test('the newest ticks are answered from memory, older ones from the table', async () => {
  const { state, select } = createTable(5_000);
  const book = await openTickBook(select);
  expect(book.head.tick).toBe(4_999);
  expect(numbers(await book.from(4_997))).toEqual([4_997, 4_998, 4_999]);
  expect(state.asked).toBe(1);
  expect(numbers(await book.from(10)).slice(0, 3)).toEqual([10, 11, 12]);
  expect(await book.from(10)).toHaveLength(1_000);
  expect(await book.from(5_000)).toEqual([]);
  state.asked = 0;
  expect((await book.upTo(4_999)).tick).toBe(4_999);
  expect((await book.upTo(9_999)).tick).toBe(4_999);
  expect(state.asked).toBe(0);
  expect((await book.upTo(10)).tick).toBe(10);
});

test('a tick that is missing before an added one is looked up', async () => {
  const { make, select } = createTable(3);
  const book = await openTickBook(select);
  make();
  await book.add(tickOf(make()));
  expect(numbers(await book.from(1))).toEqual([1, 2, 3, 4]);
  await book.add({ ...book.head, tick: 2 });
  expect(book.head.tick).toBe(4);
});

test('who asks while a look is under way shares the next one, and sees what was committed before', async () => {
  const { state, make, select } = createTable(1);
  const book = await openTickBook(select);
  const first = book.refresh();
  make();
  const others = [book.refresh(), book.refresh(), book.refresh()];
  const before = state.asked;
  await Promise.all(others);
  expect(book.head.tick).toBe(1);
  expect(state.asked - before).toBe(1);
  await first;
  make();
  await book.refresh();
  expect(book.head.tick).toBe(2);
});

test('a look that fails is told to who asked, and the next one succeeds', async () => {
  const { make, select } = createTable(1);
  let failing = false;
  const book = await openTickBook(async (statement, values) => {
    if (failing) {
      failing = false;
      throw new Error('no connection');
    }
    return select(statement, values);
  });
  failing = true;
  make();
  const first = book.refresh();
  const second = book.refresh();
  await expect(first).rejects.toThrow('no connection');
  await second;
  expect(book.head.tick).toBe(1);
});

test('memory is bounded: what it forgets is read again', async () => {
  const { state, make, select } = createTable(1);
  const book = await openTickBook(select);
  for (let count = 0; count < 30_000; count++) make();
  await book.refresh();
  expect(book.head.tick).toBe(30_000);
  const { asked } = state;
  expect(numbers(await book.from(29_000)).slice(0, 2)).toEqual([29_000, 29_001]);
  expect(state.asked).toBe(asked);
  expect(numbers(await book.from(100)).slice(0, 2)).toEqual([100, 101]);
  expect(state.asked).toBe(asked + 1);
});

test('ticks of another life of the log are not put behind those of this one', async () => {
  const { state, make, select } = createTable(3);
  const book = await openTickBook(select);
  const [last] = state.rows.splice(-1);
  await expect(book.refresh()).rejects.toMatchObject({ code: 'log_went_back', details: { tick: 2 } });
  state.rows.push({ tick: '2', snapshot: '1:1:', complete_to: 't', at: 'later', floor: '0', ceiling: '0' });
  make();
  await expect(book.refresh()).rejects.toMatchObject({ code: 'log_went_back' });
  expect(book.head).toMatchObject({ tick: 2, at: 't' });
  if (last !== undefined) state.rows.splice(2, 1, last);
  await book.refresh();
  expect(book.head.tick).toBe(3);
});
