import type { ConsumeOptions } from '../event-log.ts';
import { comparePlaces, type Place, placeOfCursor } from '../position.ts';
import type { LockedGroup } from './consumer-group.ts';

/** Where a member reads on: where its group stands or, where the handler keeps a cursor of its own, where that one does. */
export interface MemberPlace {
  /** Where this member left the group: while it stands there, the handler's own cursor is known too. */
  readonly left: Place | undefined;
  of(group: LockedGroup): Promise<Place>;
  leave(place: Place): void;
  /** After a failure the handler's own cursor may stand anywhere. */
  forget(): void;
}

export function createMemberPlace(epoch: string, cursor: ConsumeOptions['cursor']): MemberPlace {
  let left: Place | undefined;
  return {
    get left() {
      return left;
    },
    async of({ place }) {
      if (cursor === undefined) return place;
      if (left !== undefined && comparePlaces(left, place) === 0) return place;
      return ownPlace(epoch, cursor);
    },
    leave(place) {
      left = place;
    },
    forget() {
      left = undefined;
    },
  };
}

/** Where the handler's own cursor stands. Throws `invalid_cursor` and `cursor_of_another_log`. */
export async function ownPlace(epoch: string, cursor: NonNullable<ConsumeOptions['cursor']>): Promise<Place> {
  return placeOfCursor(epoch, await cursor());
}
