import type { Place } from '../position.ts';

/** Where in the table a place in the middle of a tick is, so that reading on costs the page and not the tick. */
export interface PageMemory {
  positionOf(place: Place): string | undefined;
  remember(place: Place, position: string): void;
}

const CAPACITY = 1_000;

export function createPageMemory(): PageMemory {
  const positions = new Map<string, string>();
  const keyOf = ({ tick, offset }: Place) => `${tick}.${offset}`;
  return {
    positionOf: (place) => positions.get(keyOf(place)),
    remember(place, position) {
      positions.set(keyOf(place), position);
      const [oldest] = positions.keys();
      if (positions.size > CAPACITY && oldest !== undefined) positions.delete(oldest);
    },
  };
}
