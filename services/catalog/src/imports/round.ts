import type { JsonValue } from '@sophia/types';
import type { WriteAccess } from '../access/write-access.ts';
import type { ImportRow, WriteTarget } from '../catalog.ts';
import type { PreparedRow } from '../rows/incoming-record.ts';

/** A row with its place in the stream, from 1. */
export interface PlacedRow {
  readonly place: number;
  readonly prepared: PreparedRow;
  /** As it came: it is judged again where its type changes before it is written. */
  readonly row: ImportRow;
  readonly target: WriteTarget;
  readonly repairs: readonly string[];
}

/** A stretch of the stream, divided over the lanes; each lane takes the rounds in their order. */
export interface Round {
  /** Place of its last row. */
  readonly end: number;
  readonly lanes: readonly (readonly PlacedRow[])[];
  /** By record type, of all types in it: what the principal may write as its rows are judged. */
  readonly access: ReadonlyMap<string, WriteAccess>;
  /** The last of the source's bookmarks in it: good when all of the round is committed. */
  readonly state: JsonValue | undefined;
  /** What is done behind the round, before the next one. */
  readonly activate: { readonly target: WriteTarget; readonly version: number } | undefined;
  readonly bytesRead: number | undefined;
}

/** A round that is still being filled. */
export interface OpenRound {
  readonly rows: number;
  /** Filled as types turn up. */
  readonly access: Map<string, WriteAccess>;
  add(lane: number, row: PlacedRow): void;
  noteState(state: JsonValue): void;
  noteBytes(bytesRead: number | undefined): void;
  /** Nothing to commit and nothing to tell. */
  readonly isEmpty: boolean;
  close(end: number, activate?: Round['activate']): Round;
}

export function openRound(lanes: number): OpenRound {
  const rows = Array.from({ length: lanes }, (): PlacedRow[] => []);
  const access = new Map<string, WriteAccess>();
  let count = 0;
  let state: JsonValue | undefined;
  let bytes: number | undefined;
  return {
    access,
    get rows() {
      return count;
    },
    get isEmpty() {
      return count === 0 && state === undefined;
    },
    add(lane, row) {
      rows[lane]?.push(row);
      count++;
    },
    noteState(next) {
      state = next;
    },
    noteBytes(read) {
      bytes = read ?? bytes;
    },
    close: (end, activate) => ({ end, lanes: rows, access, state, activate, bytesRead: bytes }),
  };
}
