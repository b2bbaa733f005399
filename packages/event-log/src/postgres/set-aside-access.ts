import type { Database } from '@sophia/database';
import type { EventLog, SetAsideEvent } from '../event-log.ts';
import { placeOfCursor } from '../position.ts';
import { READ_LIMIT } from './filtered-read.ts';
import { groupName } from './group-name.ts';
import { askForReplay, discard, type ReplayRequestOptions } from './replay-requests.ts';
import { selectFrom } from './select.ts';
import { countSetAside, listSetAside } from './set-aside-rows.ts';

export interface SetAsideAccessOptions extends Omit<ReplayRequestOptions, 'deadline'> {
  readonly log: Database;
  readonly epoch: string;
}

const REPLAY_DEADLINE = 60_000;

/** What is asked of the events that stand aside, and done with them. */
export const createSetAsideAccess = ({
  epoch,
  ...replaying
}: SetAsideAccessOptions): Pick<EventLog, 'setAside' | 'setAsideCounts' | 'replay' | 'discard'> => {
  const { log } = replaying;
  const select = selectFrom(log);
  return {
    async setAside(group, { limit = READ_LIMIT, after } = {}) {
      const from = after === undefined ? { tick: 0, offset: 0 } : placeOfCursor(epoch, after);
      const rows = await listSetAside(select, epoch, group, from, limit);
      return rows.map(({ place: _, ...row }): SetAsideEvent => ({ group, ...row }));
    },
    setAsideCounts: (group, instance) => countSetAside(select, groupName(group, instance)),
    replay: (group, { deadline = REPLAY_DEADLINE } = {}) => askForReplay({ ...replaying, deadline }, group),
    discard: (group, position) => discard(log, group, placeOfCursor(epoch, position)),
  };
};
