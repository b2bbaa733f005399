import { SophiaError } from '@sophia/shared';
import type { Principal } from '@sophia/types';
import type { ImportPlace } from '../catalog.ts';

/** Seconds after which a refused caller may look again: how long the imports in hand take is not known. */
const RETRY_AFTER = 5;

/** Bounds how many imports each principal has at once in this process, until it is `stopped`: nobody takes the places of all. */
export function createPrincipalPlaces(most: number, stopped: AbortSignal): { take(principal: Principal): ImportPlace } {
  const taken = new Map<string, Set<ImportPlace>>();
  return {
    take({ id, workspace }) {
      const key = `${workspace} ${id}`;
      const held = taken.get(key) ?? new Set();
      if (held.size >= most) {
        throw new SophiaError('too_many_imports', `${held.size} imports of this principal are running or waiting; it may have ${most}.`, {
          details: { most },
          retryAfter: RETRY_AFTER,
        });
      }
      const place: ImportPlace = {
        stopped,
        leave() {
          if (held.delete(place) && held.size === 0) taken.delete(key);
        },
      };
      taken.set(key, held.add(place));
      return place;
    },
  };
}
