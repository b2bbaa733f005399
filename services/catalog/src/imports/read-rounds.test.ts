import { systemClock } from '@sophia/shared';
import { BUILTIN_RECORD_TYPES, type RecordTypeDefinition } from '@sophia/types';
import { describe, expect, test } from 'vitest';
import type { ImportItem } from '../catalog.ts';
import { compileRowPreparer } from '../rows/prepare-row.ts';
import { type ReadRoundsOptions, readRounds } from './read-rounds.ts';
import type { OpenRound, Round } from './round.ts';

const prepare = compileRowPreparer(BUILTIN_RECORD_TYPES.find(({ name }) => name === 'product') as RecordTypeDefinition);
const target = { recordType: 'product', sourceSystem: 'shop' };
const rows = (from: number, count: number): ImportItem => ({
  kind: 'rows',
  target,
  rows: Array.from({ length: count }, (_, index) => ({ line: from + index, source_id: `P-${from + index}`, fields: {} })),
  bytesRead: from + count - 1,
});
async function* stream(...items: readonly (ImportItem | Promise<void>)[]): AsyncGenerator<ImportItem> {
  for (const item of items) {
    if (item instanceof Promise) await item;
    else yield item;
  }
}
const options = (more: Partial<ReadRoundsOptions> = {}): ReadRoundsOptions => ({
  lanes: 2,
  rows: 10,
  linger: 60_000,
  committed: 0,
  onPassed: () => {},
  open: async (wanted) => (row) => prepare(row, wanted),
  skip: () => false,
  clock: systemClock,
  signal: new AbortController().signal,
  ...more,
});
const collect = async (items: AsyncIterable<ImportItem>, more: Partial<ReadRoundsOptions> = {}): Promise<Round[]> => {
  const rounds: Round[] = [];
  for await (const round of readRounds(items, options(more))) rounds.push(round);
  return rounds;
};
const places = ({ lanes }: Round) =>
  lanes
    .flat()
    .map(({ place }) => place)
    .sort((one, other) => one - other);

describe('rounds', () => {
  test('are full while the stream is quick, across its items', async () => {
    const rounds = await collect(stream(rows(1, 4), rows(5, 13), rows(18, 8)));
    expect(rounds.map(({ end, bytesRead }) => ({ end, bytesRead }))).toEqual([
      { end: 10, bytesRead: 4 },
      { end: 20, bytesRead: 17 },
      { end: 25, bytesRead: 25 },
    ]);
    expect(rounds.flatMap(places)).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
  });

  test('end soon where the stream pauses', async () => {
    let go: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const reading = readRounds(stream(rows(1, 3), gate, rows(4, 2)), options({ linger: 5 }));
    expect((await reading.next()).value).toMatchObject({ end: 3 });
    go();
    expect((await reading.next()).value).toMatchObject({ end: 5 });
    expect((await reading.next()).done).toBe(true);
  });

  test('carry the last state of theirs, also one without rows', async () => {
    const state = (at: number): ImportItem => ({ kind: 'state', state: { at } });
    const rounds = await collect(stream(rows(1, 1), state(1), rows(2, 1), state(2)));
    expect(rounds.map(({ end, state: kept }) => ({ end, kept }))).toEqual([{ end: 2, kept: { at: 2 } }]);
    expect(await collect(stream(state(7)))).toMatchObject([{ end: 0, state: { at: 7 }, lanes: [[], []] }]);
    expect(await collect(stream())).toEqual([]);
  });

  test('end with the activation of a version', async () => {
    const rounds = await collect(stream(rows(1, 2), { kind: 'activate_version', target, version: 9 }, rows(3, 1)));
    expect(rounds.map(({ end, activate }) => ({ end, activate }))).toEqual([
      { end: 2, activate: { target, version: 9 } },
      { end: 3, activate: undefined },
    ]);
  });

  test('hold what is committed back, and begin when all of it was passed', async () => {
    const seen: string[] = [];
    const rounds = await collect(stream(rows(1, 40)), {
      committed: 30,
      // One lane is behind the other.
      skip: (lane, place) => place <= (lane === 0 ? 12 : 30),
      onPassed: () => seen.push('passed'),
    });
    expect(seen).toEqual(['passed']);
    const behind = places(rounds[0] as Round).filter((place) => place <= 30);
    expect(behind.length).toBeGreaterThan(0);
    expect(rounds[0]?.end).toBeGreaterThanOrEqual(30);
    expect(behind.every((place) => place > 12)).toBe(true);
  });

  test('come neither early nor at a failure while what is committed is not passed', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const behind = { committed: 30, skip: (lane: number) => lane === 0, linger: 0 };
    // Long enough for a round to come, if one did.
    const waited = new Promise<void>((resolve) => setTimeout(resolve, 20));
    const reading = readRounds(stream(rows(1, 29), waited, rows(30, 1), gate), options(behind));
    const first = (await reading.next()).value as Round;
    expect(first.end).toBe(30);
    expect(places(first).length).toBeGreaterThan(10);
    open();
    expect((await reading.next()).done).toBe(true);
    const reset = new Promise<void>((_, reject) => setImmediate(() => reject(new Error('reset'))));
    await expect(readRounds(stream(rows(1, 29), reset), options({ ...behind, linger: 60_000 })).next()).rejects.toThrow('reset');
  });

  test('end in time where the stream never pauses', async () => {
    let now = 0;
    const clock = { now: () => now, monotonic: () => now };
    const trickle = (async function* (): AsyncGenerator<ImportItem> {
      for (let place = 1; ; place++) {
        yield rows(place, 1);
        now += 100;
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for await (const round of readRounds(trickle, options({ clock, linger: 300, rows: 100_000 }))) {
      expect(round.end).toBeLessThan(100_000);
      break;
    }
  });

  test('judge each row by what its own round has opened', async () => {
    const opened: OpenRound['access'][] = [];
    const open: ReadRoundsOptions['open'] = async (wanted, access) => {
      opened.push(access);
      return (row) => prepare({ ...row, fields: { name: `judged ${opened.length}` } }, wanted);
    };
    const rounds = await collect(stream(rows(1, 25)), { open });
    expect(rounds.map(({ access }) => opened.indexOf(access as OpenRound['access']))).toEqual([0, 1, 2]);
    expect(rounds.map(({ lanes }) => [...new Set(lanes.flat().map(({ prepared }) => prepared.record?.data))])).toEqual(
      [1, 2, 3].map((time) => [`{"name":"judged ${time}"}`]),
    );
  });

  test('tell of a stream that ends before what is committed', async () => {
    const seen: string[] = [];
    expect(await collect(stream(rows(1, 5)), { committed: 6, skip: () => true, onPassed: () => seen.push('passed') })).toEqual([]);
    expect(seen).toEqual(['passed']);
  });

  test('end with the failure of the stream behind what it brought, or at an abort, without it, while it hangs', async () => {
    const failing = (async function* (): AsyncGenerator<ImportItem> {
      yield rows(1, 1);
      throw new Error('reset');
    })();
    const reading = readRounds(failing, options());
    expect((await reading.next()).value).toMatchObject({ end: 1, state: undefined });
    await expect(reading.next()).rejects.toThrow('reset');
    const torn = new AbortController();
    const tearing = (async function* (): AsyncGenerator<ImportItem> {
      yield rows(1, 1);
      torn.abort(new Error('gone'));
      throw new Error('reset');
    })();
    await expect(readRounds(tearing, options({ signal: torn.signal })).next()).rejects.toThrow('gone');
    const controller = new AbortController();
    const hanging = collect(stream(new Promise<void>(() => {})), { signal: controller.signal });
    controller.abort(new Error('given up'));
    await expect(hanging).rejects.toThrow('given up');
    await expect(collect(stream(rows(1, 1)), { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
  });

  test('do not wait for a source to be put away, nor fail when that fails', async () => {
    const source: AsyncIterable<ImportItem> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: rows(1, 10) }),
        return: () => Promise.reject(new Error('It cannot be closed.')),
      }),
    };
    for await (const round of readRounds(source, options())) {
      expect(round.end).toBe(10);
      break;
    }
  });

  test('of many rows give way to others', async () => {
    let turns = 0;
    const counting = setInterval(() => turns++, 0);
    await collect(stream(rows(1, 20_000)), { rows: 50_000 });
    clearInterval(counting);
    expect(turns).toBeGreaterThan(1);
  });
});
