import { type CopyTarget, type Database, PAGE_BYTES, type Session } from '@sophia/database';
import { formatMicros, parseMicros, SophiaError } from '@sophia/shared';
import type { NewEvent } from '@sophia/types';
import { FACTS_BY_COLUMN, factValues } from './event-rows.ts';
import type { ExportedLine } from './log-export.ts';
import { TICKER_LOCK } from './ticker.ts';

export interface ImportReport {
  readonly events: number;
  readonly ticks: number;
}

type Row = readonly unknown[];
type Lines = AsyncIterable<ExportedLine> | Iterable<ExportedLine>;

interface Chunk {
  readonly events: Row[];
  readonly ticks: Row[];
  /** Characters of the events' values. */
  size: number;
}

/** Events of a chunk at most; of large ones they are fewer, so that no more is held than a page. */
const CHUNK = 5_000;

/**
 * Brings the lines of `exportLog` back into a log without events, whose epoch is new: places are told
 * by the same ticks and offsets as before, `at` is what it was. Consumer groups begin anew. It is not
 * resumed: what fails half-way is begun again in a new database. Throws `log_not_empty`, and
 * `unavailable` where a process makes ticks.
 */
export async function importLog(log: Database, lines: Lines): Promise<ImportReport> {
  const session = await log.openSession();
  try {
    await begin(log, session);
    const report = await bringBack(log, lines);
    await log.write([], (transaction) => log.query(transaction, NEXT_POSITION, [report.events]));
    // The first tick with a snapshot: what is written from now on is told by it.
    await session.query(MAKE_TICK);
    return report;
  } finally {
    await session.close();
  }
}

async function begin(log: Database, session: Session): Promise<void> {
  const [lock] = await session.query<{ taken: boolean }>(LOCK);
  if (lock?.taken !== true)
    throw new SophiaError('unavailable', 'A process makes ticks in this log: stop it before a restore.', { retryAfter: 5 });
  const [row] = await session.query<{ is_empty: boolean }>(IS_EMPTY);
  if (row?.is_empty !== true) throw new SophiaError('log_not_empty', 'The log has events: a backup is restored into a new database.');
  await log.write([], async (transaction) => {
    await log.query(transaction, CLEAR_TICKS);
    await log.query(transaction, CLEAR_SET_ASIDE);
    await log.query(transaction, RESET_GROUPS);
  });
}

async function bringBack(log: Database, lines: Lines): Promise<ImportReport> {
  let chunk = emptyChunk();
  let position = 0;
  let ticks = 0;
  let current: { readonly tick: number; readonly at: string } | undefined;

  // A tick's ceiling is known when the next one begins.
  const endTick = () => {
    if (current !== undefined) chunk.ticks.push([current.tick, current.at, current.at, 0, position]);
  };
  const take = (line: ExportedLine) => {
    if ('tick' in line) {
      if (current === undefined) chunk.ticks.push(beginning(line.at));
      endTick();
      current = line;
      ticks++;
    } else {
      if (current === undefined) throw new SophiaError('invalid_request', 'The backup is damaged: an event stands before the first tick.');
      const row = rowOf(++position, current.tick, line.event);
      chunk.events.push(row);
      chunk.size += sizeOf(row);
    }
  };
  const flush = async () => {
    const full = chunk;
    chunk = emptyChunk();
    await store(log, full, position);
  };
  for await (const line of lines) {
    take(line);
    if (chunk.events.length >= CHUNK || chunk.size >= PAGE_BYTES) await flush();
  }
  endTick();
  await flush();
  if (current === undefined) throw new SophiaError('invalid_request', 'The backup is damaged: it has no tick.');
  return { events: position, ticks };
}

const emptyChunk = (): Chunk => ({ events: [], ticks: [], size: 0 });

/** Tick 0, a microsecond before the first. */
function beginning(at: string): unknown[] {
  const micros = parseMicros(at);
  if (micros === undefined) throw new SophiaError('invalid_request', `The backup is damaged: ${at} is no instant.`);
  const before = formatMicros(micros - 1n);
  return [0, before, before, 0, 0];
}

async function store(log: Database, { events, ticks }: Chunk, position: number): Promise<void> {
  await log.write(
    [],
    async (transaction) => {
      await log.query(transaction, MAKE_PARTITIONS, [position]);
      await log.copyInto(transaction, EVENTS, events);
      await log.copyInto(transaction, TICKS, ticks);
    },
    { deadline: 60_000 },
  );
}

function rowOf(position: number, tick: number, event: NewEvent): Row {
  const values = factValues(event).map((value, index) =>
    FACTS_BY_COLUMN[index]?.type !== 'jsonb' || value === null ? value : JSON.stringify(value),
  );
  return [position, tick, ...values];
}

const sizeOf = (row: Row): number => row.reduce<number>((sum, value) => (typeof value === 'string' ? sum + value.length : sum), 0);

const EVENTS: CopyTarget = {
  table: 'event',
  columns: [{ name: 'position', type: 'int8' }, { name: 'tick', type: 'int8' }, ...FACTS_BY_COLUMN],
};
const TICKS: CopyTarget = {
  table: 'tick',
  columns: [
    { name: 'tick', type: 'int8' },
    { name: 'complete_to', type: 'timestamptz' },
    { name: 'at', type: 'timestamptz' },
    { name: 'floor', type: 'int8' },
    { name: 'ceiling', type: 'int8' },
  ],
};
const LOCK = { name: 'event_log_import_lock', text: `select pg_try_advisory_lock(${TICKER_LOCK}) as taken` };
const IS_EMPTY = { name: 'event_log_is_empty', text: 'select not exists (select from event) as is_empty' };
const CLEAR_TICKS = { name: 'event_log_clear_ticks', text: 'delete from tick' };
const CLEAR_SET_ASIDE = { name: 'event_log_clear_set_aside', text: 'delete from event_set_aside' };
const RESET_GROUPS = { name: 'event_log_reset_groups', text: 'update event_group set tick = 1, tick_offset = 0' };
const MAKE_PARTITIONS = { name: 'event_log_import_partitions', text: 'select make_event_partitions($1)' };
const NEXT_POSITION = {
  name: 'event_log_import_next_position',
  text: `select setval('event_position_seq', greatest($1::bigint, 1), $1::bigint > 0)`,
};
const MAKE_TICK = { name: 'event_log_import_tick', text: 'select from make_tick()' };
