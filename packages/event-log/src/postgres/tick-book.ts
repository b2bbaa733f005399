import { SophiaError } from '@sophia/shared';
import type { Select } from './select.ts';
import { markOf, TICK_COLUMNS, type Tick, type TickRow, tickOf } from './tick.ts';

/** The newest ticks in memory, and the way to the older ones. */
export interface TickBook {
  /** The newest tick that this process knows of. */
  readonly head: Tick;
  /** Takes a tick that was just made. */
  add(tick: Tick): Promise<void>;
  /** Looks for ticks that others made; resolves when what was committed before the call is known. Errors: `log_went_back`. */
  refresh(): Promise<void>;
  /** The newest tick up to `number` and those that follow it, at most 1,000; empty for a number beyond the head. */
  from(number: number): Promise<readonly Tick[]>;
  /** The newest tick up to `number`: ticks without events are pruned, and then the one before stands for them. */
  upTo(number: number): Promise<Tick>;
  /** Resolves when a tick after `number` is known, or after so many milliseconds, or at the abort. */
  waitFor(number: number, milliseconds: number, signal?: AbortSignal): Promise<void>;
}

interface Waiter {
  readonly number: number;
  readonly resolve: () => void;
}

/** Ticks kept in memory: at 200 a second the last minute. */
const CAPACITY = 12_000;
const PAGE = 1_000;

export async function openTickBook(select: Select): Promise<TickBook> {
  let ticks = (await select<TickRow>(LAST_TICKS, [PAGE])).map(tickOf).reverse();
  const [first] = ticks.slice(-1);
  if (first === undefined) throw new Error('The table of ticks is empty: its migration makes the first one.');
  let head = first;
  const waiters = new Set<Waiter>();
  let refreshing: { readonly done: Promise<void>; again: Promise<void> | undefined } | undefined;

  const append = (tick: Tick) => {
    if (tick.tick <= head.tick) return;
    if (ticks.length >= CAPACITY) ticks = ticks.slice(-CAPACITY / 2);
    ticks.push(tick);
    head = tick;
    for (const waiter of [...waiters]) if (waiter.number < tick.tick) waiter.resolve();
  };

  const load = async () => {
    for (;;) {
      const last = head;
      const [known, ...next] = (await select<TickRow>(TICKS_SINCE, [last.tick, PAGE + 1])).map(tickOf);
      // Ticks of another life are not put behind those of this one, though their numbers may follow.
      if (known === undefined || markOf(known) !== markOf(last)) throw logWentBack(last.tick);
      for (const tick of next) append(tick);
      if (next.length < PAGE) return;
    }
  };

  const startRefresh = (): Promise<void> => {
    const done = load().finally(() => {
      refreshing = undefined;
    });
    refreshing = { done, again: undefined };
    return done;
  };

  const book: TickBook = {
    get head() {
      return head;
    },
    async add(tick) {
      // Ticks are numbered without gaps when they are made: one that is missing was made elsewhere.
      if (tick.tick > head.tick + 1) await book.refresh();
      append(tick);
    },
    refresh() {
      if (refreshing === undefined) return startRefresh();
      // A look that has begun may miss what was committed since: all who ask meanwhile share the next one.
      const next = () => startRefresh();
      refreshing.again ??= refreshing.done.then(next, next);
      return refreshing.again;
    },
    async from(number) {
      if (number >= head.tick) await book.refresh();
      if (number > head.tick) return [];
      const index = indexUpTo(ticks, number);
      if (index >= 0) return ticks.slice(index, index + PAGE);
      return (await select<TickRow>(TICKS_FROM, [number, PAGE])).map(tickOf);
    },
    async upTo(number) {
      const known = ticks[indexUpTo(ticks, number)];
      if (known !== undefined) return known;
      // Tick 0 is always there.
      const [tick] = (await book.from(number)) as [Tick, ...Tick[]];
      return tick;
    },
    waitFor(number, milliseconds, signal) {
      if (head.tick > number || signal?.aborted === true) return Promise.resolve();
      return new Promise((resolve) => {
        const settle = () => {
          clearTimeout(timer);
          waiters.delete(waiter);
          signal?.removeEventListener('abort', settle);
          resolve();
        };
        const waiter: Waiter = { number, resolve: settle };
        const timer = setTimeout(settle, milliseconds);
        waiters.add(waiter);
        signal?.addEventListener('abort', settle, { once: true });
      });
    },
  };
  return book;
}

/** The database lacks a tick that was read of it, or has another one of its number. */
export const logWentBack = (tick: number): SophiaError =>
  new SophiaError(
    'log_went_back',
    'The database is not the one that was read: a replica was promoted that lacked a part, or an older state was restored.',
    { details: { tick } },
  );

/** Index of the last tick up to `number`, -1 if there is none. */
function indexUpTo(ticks: readonly Tick[], number: number): number {
  let low = 0;
  let high = ticks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ticks[middle] as Tick).tick <= number) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

const LAST_TICKS = { name: 'event_log_last_ticks', text: `select ${TICK_COLUMNS} from tick order by tick desc limit $1` };
const TICKS_SINCE = { name: 'event_log_ticks_since', text: `select ${TICK_COLUMNS} from tick where tick >= $1 order by tick limit $2` };
const TICKS_FROM = {
  name: 'event_log_ticks_from',
  text: `select ${TICK_COLUMNS} from tick
    where tick >= (select tick from tick where tick <= $1 order by tick desc limit 1)
    order by tick limit $2`,
};
