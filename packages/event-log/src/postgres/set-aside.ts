import { isSophiaError } from '@sophia/shared';
import type { EventFact } from '@sophia/types';
import { comparePlaces, type Place, parsePosition } from '../position.ts';
import type { LogBatch } from './log-batch.ts';
import type { Select } from './select.ts';

/** Events of a batch that stand behind a poison event, and the batch without them. */
export interface Sifted<Event extends EventFact> {
  readonly batch: LogBatch<Event>;
  /** Not yet set aside: to be, before the cursor may pass them. */
  readonly behind: readonly EventPlace[];
}

export interface EventPlace {
  readonly event: EventFact;
  readonly place: Place;
  /** In the table. */
  readonly position: string;
}

interface BlockedRow {
  readonly workspace: number;
  readonly record_id: string | null;
  readonly first: readonly string[];
  readonly last: readonly string[];
}

/** Takes out what is set aside already, and the later events of its records. */
export async function siftBatch<Event extends EventFact>(
  select: Select,
  epoch: string,
  group: number,
  batch: LogBatch<Event>,
): Promise<Sifted<Event>> {
  const blocked = new Map(
    (await select<BlockedRow>(BLOCKED, [group])).map((row) => [keyOf(row), { first: placeOf(row.first), last: placeOf(row.last) }]),
  );
  const kept: number[] = [];
  const behind: EventPlace[] = [];
  batch.events.forEach((event, index) => {
    const place = parsePosition(epoch, event.position);
    const range = blocked.get(
      keyOf({ workspace: event.workspace, record_id: event.record?.id ?? null, first: [`${place.tick}`, `${place.offset}`] }),
    );
    if (range === undefined || comparePlaces(place, range.first) < 0) kept.push(index);
    else if (comparePlaces(place, range.last) > 0) behind.push({ event, place, position: batch.positions[index] as string });
  });
  if (kept.length === batch.events.length) return { batch, behind };
  const events = kept.map((index) => batch.events[index] as Event);
  const positions = kept.map((index) => batch.positions[index] as string);
  return { batch: { ...batch, events, positions }, behind };
}

/** Sets a poison event aside, or (without an error) events that stand behind one. */
export async function setAside(
  select: Select,
  group: number,
  events: readonly EventPlace[],
  { poison, error, attempts }: { readonly poison: boolean; readonly error: string; readonly attempts: number },
): Promise<void> {
  await select(SET_ASIDE, [
    group,
    events.map(({ place }) => place.tick),
    events.map(({ place }) => place.offset),
    events.map(({ position }) => position),
    events.map(({ event }) => event.workspace),
    events.map(({ event }) => event.record?.id ?? null),
    poison,
    error,
    attempts,
  ]);
}

export function errorText(error: unknown): string {
  const name = isSophiaError(error) ? error.code : error instanceof Error ? error.name : typeof error;
  return `${name}: ${error instanceof Error ? error.message : String(error)}`.slice(0, LONGEST_ERROR);
}

const LONGEST_ERROR = 2_000;

/** Events of no record are each alone. */
const keyOf = ({ workspace, record_id, first }: Omit<BlockedRow, 'last'>): string =>
  record_id === null ? `at ${first.join('.')}` : `${workspace} ${record_id}`;

const placeOf = ([tick, offset]: readonly string[]): Place => ({ tick: Number(tick), offset: Number(offset) });

const BLOCKED = {
  name: 'event_log_blocked',
  text: `select workspace, record_id, min(array[tick, tick_offset]) as first, max(array[tick, tick_offset]) as last
    from event_set_aside where group_id = $1
    group by workspace, record_id, case when record_id is null then position end`,
};
const SET_ASIDE = {
  name: 'event_log_set_aside',
  text: `insert into event_set_aside (group_id, tick, tick_offset, position, workspace, record_id, poison, error, attempts)
    select $1, place.tick, place.tick_offset, place.position, place.workspace, place.record_id, $7, $8, $9
    from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::int[], $6::bigint[])
      as place (tick, tick_offset, position, workspace, record_id)
    on conflict do nothing`,
};
