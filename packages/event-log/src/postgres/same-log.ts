import type { Logger } from '@sophia/observability';
import { isSophiaError, type SophiaError } from '@sophia/shared';
import type { MarkState } from '../event-log.ts';
import type { KeptSession } from './kept-session.ts';
import { pause } from './pause.ts';
import type { Select } from './select.ts';
import { markOf, TICK_COLUMNS, type TickRow, tickOf } from './tick.ts';
import { logWentBack, type TickBook } from './tick-book.ts';

/** What the log says of the tick that the mark is of. */
export async function stateOf(select: Select, mark: string): Promise<MarkState> {
  const number = Number.parseInt(mark, 10);
  const [row] = await select<TickRow>(READ_TICK, [number]);
  if (row === undefined) return 'lost';
  const found = tickOf(row);
  if (found.tick > number) return 'pruned';
  return markOf(found) === mark ? 'held' : 'lost';
}

export interface SameLogOptions {
  readonly epoch: string;
  readonly book: Pick<TickBook, 'head'>;
  /** Told, perhaps more than once, when the database is no longer the one that was read. */
  readonly onWentBack: (error: SophiaError) => void;
}

/**
 * Looks whether the database still has what was read of it: it may be a replica that was promoted before it had everything,
 * or an older state that was restored. Throws `log_went_back`, also where another process found so and renewed the epoch.
 */
export const createSameLog =
  ({ epoch, book, onWentBack }: SameLogOptions) =>
  async (select: Select): Promise<void> => {
    const { head } = book;
    const [installation] = await select<{ epoch: string }>(READ_EPOCH, []);
    if (installation?.epoch === epoch && (await stateOf(select, markOf(head))) === 'held') return;
    const error = logWentBack(head.tick);
    onWentBack(error);
    throw error;
  };

export interface SameLogWatch {
  readonly look: (select: Select) => Promise<void>;
  readonly session: Pick<KeptSession, 'query' | 'isOpen'>;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
  readonly intervalMs: number;
}

/**
 * Looks from time to time: of an epoch that another process renewed no lost connection tells. That it cannot look is said once,
 * until it can again.
 */
export function watchSameLog({ look, session, logger, intervalMs }: SameLogWatch): { close(): Promise<void> } {
  const closing = new AbortController();
  let isBlind = false;
  const run = async () => {
    while (!closing.signal.aborted) {
      await pause(intervalMs, closing.signal);
      try {
        await look((statement, values) => session.query(statement, values));
        if (isBlind) logger.info('it is looked again whether the database is the one that was read');
        isBlind = false;
      } catch (error) {
        // What it found is told; a session that is lost looks when it is open again.
        if (isBlind || isSophiaError(error, 'log_went_back') || !session.isOpen) continue;
        isBlind = true;
        logger.warn({ err: error }, 'it cannot be looked whether the database is still the one that was read');
      }
    }
  };
  const running = run();
  return {
    async close() {
      closing.abort(new Error('The event log is closing.'));
      await running;
    },
  };
}

export const READ_EPOCH = { name: 'event_log_read_epoch', text: 'select epoch from installation' };
const READ_TICK = { name: 'event_log_read_tick', text: `select ${TICK_COLUMNS} from tick where tick >= $1 order by tick limit 1` };
