import type { Database } from '@sophia/database';
import type { EventLog } from '../event-log.ts';
import { decodeWriteToken, encodeWriteToken } from '../write-token.ts';
import type { Haste } from './haste.ts';
import { contains } from './snapshot.ts';
import type { TickBook } from './tick-book.ts';
import type { Ticker } from './ticker.ts';

export interface WriteVisibilityOptions {
  readonly log: Database;
  readonly epoch: string;
  readonly book: TickBook;
  readonly haste: Haste;
  readonly ticker: Pick<Ticker, 'wake'>;
}

type WriteVisibility = Pick<
  EventLog,
  'wake' | 'hurry' | 'waitForTick' | 'contains' | 'encodeToken' | 'decodeToken' | 'oldestWriterSeconds'
>;

/** When readers see a write: it is told of, waited for, and found in a tick by its token. */
export const createWriteVisibility = ({ log, epoch, book, haste, ticker }: WriteVisibilityOptions): WriteVisibility => ({
  wake: ticker.wake,
  hurry: haste.begin,
  async waitForTick(after, milliseconds, signal) {
    const done = haste.begin();
    await book.waitFor(after, milliseconds, signal);
    done();
  },
  async contains(number, { transactionId }) {
    const { snapshot } = await book.upTo(number);
    return snapshot !== null && contains(snapshot, Number(transactionId));
  },
  encodeToken: (parts) => encodeWriteToken({ epoch, ...parts }),
  decodeToken: (token) => decodeWriteToken(epoch, token),
  async oldestWriterSeconds() {
    const [row] = (await log.select<{ seconds: number }>([], OLDEST_WRITER)) as [{ seconds: number }];
    return row.seconds;
  },
});

const OLDEST_WRITER = {
  name: 'event_log_oldest_writer',
  text: `select case when pg_snapshot_xmin(head.snapshot) < pg_snapshot_xmax(head.snapshot)
      then extract(epoch from clock_timestamp() - (select at from tick where xid < pg_snapshot_xmin(head.snapshot) order by xid desc limit 1))
      else 0 end::float8 as seconds
    from (select snapshot from tick order by tick desc limit 1) as head`,
};
