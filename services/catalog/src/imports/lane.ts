import { createHash, type Hash } from 'node:crypto';
import { digestOf } from '../rows/content-hash.ts';
import type { IncomingRecord, PreparedRow } from '../rows/incoming-record.ts';
import type { PlacedRow } from './round.ts';

/** How far one lane of an import is committed, and the hash by which its rows are known again. */
export interface Lane {
  readonly number: number;
  readonly committedThrough: number;
  /** Whether the row is committed already. Rows come in their order. */
  skips(place: number, prepared: PreparedRow): boolean;
  /** All that was committed of it should have been seen: whether it was. */
  verify(): void;
  /** The hash with these rows, which come next; they are counted in when they are committed. */
  extend(rows: readonly Pick<PlacedRow, 'prepared'>[]): string;
  committed(through: number): void;
}

export interface LaneState {
  readonly lane: number;
  readonly committedThrough: number;
  readonly rollingHash: string;
}

/** The hash of a lane that has no rows yet. */
export const emptyHash = (): string => digestOf(createHash('sha256'));

/** `changed` makes the error that `verify` throws for a stream that is not the one that was begun. */
export function createLane({ lane, committedThrough, rollingHash }: LaneState, changed: () => Error): Lane {
  let hash: Hash = createHash('sha256');
  let extended = hash;
  let through = committedThrough;
  let unverified = committedThrough > 0;
  let waiting: PreparedRow[] = [];
  let print = printOf;
  /** Of an import that another version began, whose prints were of the source id alone. */
  const before = createHash('sha256');

  const flush = () => {
    hash.update(waiting.map(printOf).join(''));
    before.update(waiting.map(printWithoutTarget).join(''));
    waiting = [];
  };
  const verify = () => {
    if (!unverified) return;
    unverified = false;
    flush();
    if (digestOf(hash) === rollingHash) return;
    if (digestOf(before) !== rollingHash) throw changed();
    hash = before;
    print = printWithoutTarget;
  };
  return {
    number: lane,
    get committedThrough() {
      return through;
    },
    skips(place, prepared) {
      if (place > committedThrough) return false;
      waiting.push(prepared);
      if (waiting.length >= 1_000) flush();
      return true;
    },
    verify,
    extend(rows) {
      extended = hash.copy().update(rows.map(({ prepared }) => print(prepared)).join(''));
      return digestOf(extended);
    },
    committed(next) {
      through = next;
      hash = extended;
    },
  };
}

/** With the record type and the source system, which the content says nothing of: the same row may be read as another's. */
const printOf = (row: PreparedRow): string => `${(row.record ?? row.rejected).key} ${printWithoutTarget(row)}`;

const printWithoutTarget = ({ record, rejected }: PreparedRow): string =>
  record === undefined ? `${rejected.payload}\n` : (lackingPrint(record) ?? recordPrint(record));

const recordPrint = (record: IncomingRecord): string => `${record.source_id} ${record.content_hash ?? 'deleted'}${placeOf(record)}\n`;

/** As of a rejected row, which it is where nothing is masked for whoever sends it. */
function lackingPrint({ unseen }: IncomingRecord): string | undefined {
  if (unseen === undefined) return undefined;
  const [first, ...others] = unseen.lacking;
  return first === undefined ? undefined : `${unseen.reject([first, ...others]).payload}\n`;
}

/** What the hash of the content says nothing of: rows of the same content may come in another order, or be of another time. */
const placeOf = ({ source_version: version, occurred_at: time, business_priority: priority }: IncomingRecord): string =>
  version === null && time === null && priority === null ? '' : `\0${version ?? ''}\0${time ?? ''}\0${priority ?? ''}`;
