import type { MetricQuery } from '@sophia/types';
import { LRUCache } from 'lru-cache';

/** Requests' bodies that were parsed and checked before, so that the same text need not be parsed again. */
export interface RememberedBodies {
  find(body: string): MetricQuery | undefined;
  remember(body: string, query: MetricQuery): void;
}

const MAXIMUM_BYTES = 16 * 2 ** 20;
/** Longer bodies are rare; they are parsed each time. */
const LONGEST_BODY = 16_384;

export const createRememberedBodies = (): RememberedBodies => {
  const bodies = new LRUCache<string, MetricQuery>({ maxSize: MAXIMUM_BYTES, sizeCalculation: (_query, body) => body.length * 4 + 500 });
  return {
    find: (body) => bodies.get(body),
    remember(body, query) {
      if (body.length <= LONGEST_BODY) bodies.set(body, query);
    },
  };
};
