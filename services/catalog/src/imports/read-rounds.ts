import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@sophia/shared';
import type { ImportItem, ImportRow, WriteTarget } from '../catalog.ts';
import type { PreparedRow } from '../rows/incoming-record.ts';
import { laneOf } from '../writing/lane-of.ts';
import { type OpenRound, openRound, type Round } from './round.ts';
import { PAUSED, waitForItem } from './wait-for-item.ts';

export interface ReadRoundsOptions {
  readonly lanes: number;
  /** Rows of a round, over all lanes. */
  readonly rows: number;
  /** Milliseconds that a round's first row waits for more. */
  readonly linger: number;
  /** Makes the judge of a target's rows in a round. */
  readonly open: (target: WriteTarget, access: OpenRound['access']) => Promise<(row: ImportRow) => PreparedRow>;
  /** Place of the last row that is committed of any lane: no round comes before it. */
  readonly committed: number;
  /** Called at that place, or at an earlier end of the stream. May throw. */
  readonly onPassed: () => void;
  /** Sees every row in its order; true where it is committed already and goes into no round. */
  readonly skip: (lane: number, place: number, prepared: PreparedRow) => boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Rows that are judged without giving way to others: a few milliseconds. */
const AT_ONCE = 500;

/**
 * Cuts a stream into rounds: as large as they may be while the stream is quick, and soon where it
 * pauses. A row's lane follows from its key as it came, so it is the same on every reading of the
 * stream. Of a stream that was read before, what is committed is passed first, so that nothing is
 * written before it is known to be the same; lanes are never further apart than a few rounds. What a
 * stream brought before it failed is a round; what it brought before an abort is not.
 */
export async function* readRounds(items: AsyncIterable<ImportItem>, options: ReadRoundsOptions): AsyncGenerator<Round, void> {
  const { lanes, linger, committed, clock, signal } = options;
  const iterator = items[Symbol.asyncIterator]();
  let round = openRound(lanes);
  let due: number | undefined;
  let place = 0;
  const close = (activate?: Round['activate']): Round => {
    const closed = round.close(place, activate);
    round = openRound(lanes);
    due = undefined;
    return closed;
  };
  try {
    for (let next = take(iterator); ; ) {
      let item: IteratorResult<ImportItem> | typeof PAUSED;
      try {
        item = await waitForItem(next, due === undefined ? undefined : due - clock.monotonic(), signal);
      } catch (error) {
        // What a stream brought before it failed is good.
        if (!signal.aborted && !round.isEmpty && place >= committed) yield close();
        throw error;
      }
      if (item === PAUSED) {
        yield close();
        continue;
      }
      if (item.done === true) break;
      next = take(iterator);
      switch (item.value.kind) {
        case 'state':
          round.noteState(item.value.state);
          break;
        case 'activate_version':
          yield close({ target: item.value.target, version: item.value.version });
          break;
        case 'rows': {
          const { target } = item.value;
          let prepare = await options.open(target, round.access);
          for (const row of item.value.rows) {
            const prepared = prepare(row);
            const lane = laneOf(routeOf(prepared), lanes);
            place++;
            if (!options.skip(lane, place, prepared)) round.add(lane, { place, prepared, row, target, repairs: row.repairs ?? NO_REPAIRS });
            if (place === committed) options.onPassed();
            if (round.rows >= options.rows && place >= committed) {
              yield close();
              prepare = await options.open(target, round.access);
            }
            if (place % AT_ONCE === 0) await nextTurn(undefined, { signal });
          }
          round.noteBytes(item.value.bytesRead);
        }
      }
      if (!round.isEmpty && place >= committed) due ??= clock.monotonic() + linger;
    }
    if (place < committed) options.onPassed();
    if (!round.isEmpty) yield close();
  } finally {
    // A source that hangs must not hold up whoever gave up on it.
    Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}

const NO_REPAIRS: readonly string[] = [];

const routeOf = ({ record, rejected }: PreparedRow): string => (record ?? rejected).key;

/** The next item; a failure before it is waited for must not count as unhandled. */
function take<Item>(iterator: AsyncIterator<Item>): Promise<IteratorResult<Item>> {
  const next = iterator.next();
  next.catch(() => undefined);
  return next;
}
