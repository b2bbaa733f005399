import { createHash, type Hash } from 'node:crypto';
import type { PreparedRow } from '../rows/incoming-record.ts';
import type { PlacedRow } from './round.ts';

/** How far one lane of an import is committed, and the hash by which its rows are known again. */
export interface Lane {
  readonly number: number;
  readonly committedThrough: number;
  /** Whether the row is committed already. Rows come in their order. Calls `onChanged` where the rows up to there are others than those that were committed. */
  skips(place: number, prepared: PreparedRow): boolean;
  /** The stream has ended: whether the lane has seen all that was committed of it. */
  ended(): void;
  /** The hash with these rows, which come next. */
  extend(rows: readonly PlacedRow[]): Buffer;
  committed(through: number): void;
}

export interface LaneState {
  readonly lane: number;
  readonly committedThrough: number;
  readonly rollingHash: Buffer;
}

/** The hash of a lane that has no rows yet. */
export const emptyHash = (): Buffer => createHash('sha256').digest();

/** `changed` makes the error for a stream that is not the one that was begun. */
export function createLane({ lane, committedThrough, rollingHash }: LaneState, changed: () => Error): Lane {
  const hash: Hash = createHash('sha256');
  let through = committedThrough;
  let unverified = committedThrough > 0;
  let waiting: string[] = [];

  const flush = () => {
    if (waiting.length > 0) hash.update(waiting.join(''));
    waiting = [];
  };
  const verify = () => {
    if (!unverified) return;
    unverified = false;
    flush();
    if (!hash.copy().digest().equals(rollingHash)) throw changed();
  };
  return {
    number: lane,
    get committedThrough() {
      return through;
    },
    skips(place, prepared) {
      if (place > committedThrough) {
        verify();
        return false;
      }
      waiting.push(printOf(prepared));
      if (waiting.length >= 1_000) flush();
      return true;
    },
    ended: verify,
    extend(rows) {
      hash.update(rows.map(({ prepared }) => printOf(prepared)).join(''));
      return hash.copy().digest();
    },
    committed(next) {
      through = next;
    },
  };
}

const printOf = ({ record, rejected }: PreparedRow): string =>
  record === undefined ? `${rejected.payload}\n` : `${record.source_id} ${record.content_hash?.toString('base64') ?? 'deleted'}\n`;
