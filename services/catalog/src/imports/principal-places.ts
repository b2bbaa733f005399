import { SophiaError } from '@sophia/shared';
import type { Principal } from '@sophia/types';
import type { ImportPlace } from '../catalog.ts';

/** Seconds after which a refused caller may look again: how long the imports in hand take is not known. */
const RETRY_AFTER = 5;

/** Bounds how many imports each principal has at once in this process: nobody takes the places of all. */
export function createPrincipalPlaces(most: number): { take(principal: Principal): ImportPlace } {
  const taken = new Map<string, number>();
  return {
    take({ id, workspace }) {
      const key = `${workspace} ${id}`;
      const before = taken.get(key) ?? 0;
      if (before >= most) {
        throw new SophiaError('too_many_imports', `${before} imports of this principal are running or waiting; it may have ${most}.`, {
          details: { most },
          retryAfter: RETRY_AFTER,
        });
      }
      taken.set(key, before + 1);
      let isLeft = false;
      return {
        leave() {
          if (isLeft) return;
          isLeft = true;
          const left = (taken.get(key) ?? 1) - 1;
          if (left === 0) taken.delete(key);
          else taken.set(key, left);
        },
      };
    },
  };
}
