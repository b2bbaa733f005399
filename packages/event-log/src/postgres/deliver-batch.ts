import type { EventFact } from '@sophia/types';
import { comparePlaces, type Place } from '../position.ts';
import { BATCH } from './bounded-rows.ts';
import { type LockedGroup, moveGroup } from './consumer-group.ts';
import type { EventReader } from './event-reader.ts';
import type { GroupTurn } from './group-turn.ts';
import { type HandOver, handOver } from './hand-over.ts';
import { isCutShort } from './log-batch.ts';
import { setAside, siftBatch } from './set-aside.ts';
import type { SetAsideNews } from './set-aside-news.ts';

export interface DeliverOptions<Event extends EventFact> extends HandOver<Event> {
  readonly groupId: number;
  readonly reader: EventReader<Event>;
  readonly placeOf: (group: LockedGroup) => Promise<Place>;
  readonly news: SetAsideNews;
}

/**
 * What came of a turn: a batch was `delivered`, `full` or not; there was `nothing` new; events were put `behind` a poison
 * event, so the batch has to be read again; a `replay` was asked for.
 */
export type Delivered =
  | { readonly kind: 'delivered'; readonly end: Place; readonly full: boolean }
  | { readonly kind: 'nothing' | 'behind' | 'replay' };

/** Hands the next events over, at most `size`, and moves the group behind them. Throws `HandlerFailure`. */
export async function deliverBatch<Event extends EventFact>(
  options: DeliverOptions<Event>,
  { group, transaction, select, watched }: GroupTurn,
  size: number,
): Promise<Delivered> {
  const { epoch, groupId, reader, placeOf, news } = options;
  if (group.replayAsked > group.replayDone) return { kind: 'replay' };
  const from = await placeOf(group);
  const read = await reader.read(select, from, { limit: size, bound: BATCH });
  if (comparePlaces(read.end, from) <= 0) return { kind: 'nothing' };
  const { batch, behind } = group.hasSetAside ? await siftBatch(select, epoch, groupId, read) : { batch: read, behind: [] };
  if (behind.length > 0) {
    // Committed before the cursor may pass them, wherever the handler keeps it.
    news.note();
    await setAside(select, groupId, behind, { poison: false, error: '', attempts: 0 });
    return { kind: 'behind' };
  }
  await watched.during(() => handOver(options, transaction, batch, false));
  await moveGroup(select, groupId, read.end);
  return { kind: 'delivered', end: read.end, full: read.events.length >= size || isCutShort(read) };
}
