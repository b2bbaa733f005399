import type { Logger } from '@sophia/observability';
import type { EventFact } from '@sophia/types';
import { comparePlaces, type Place, parsePosition } from '../position.ts';
import type { LockedGroup } from './consumer-group.ts';
import type { GroupTurn } from './group-turn.ts';
import type { LogBatch } from './log-batch.ts';
import { errorText, setAside } from './set-aside.ts';

export interface PoisonOptions {
  readonly epoch: string;
  readonly group: string;
  readonly groupId: number;
  readonly placeOf: (group: LockedGroup) => Promise<Place>;
  /** How often it was handed over. */
  readonly attempts: number;
  readonly logger: Logger;
}

/** Sets the only event of a batch aside, with the error that it made the handler fail with. */
export async function setPoisonAside(
  { epoch, group, groupId, placeOf, attempts, logger }: PoisonOptions,
  turn: GroupTurn,
  { events, positions }: LogBatch,
  error: unknown,
): Promise<void> {
  const [event] = events as [EventFact];
  const [position] = positions as [string];
  const place = parsePosition(epoch, event.position);
  // Another member may have succeeded meanwhile, or the handler itself before it failed.
  if (comparePlaces(await placeOf(turn.group), place) >= 0) return;
  await setAside(turn.select, groupId, [{ event, place, position }], { poison: true, error: errorText(error), attempts });
  logger.error({ group, err: error, position: event.position }, 'an event was set aside');
}
