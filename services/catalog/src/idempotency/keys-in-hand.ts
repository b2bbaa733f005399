import { checkKey, type KeyUse, keyInUse, nameOf } from './idempotency-keys.ts';

/** The keys that this process is working for at the moment: a second request with one of them is refused at once. */
export interface KeysInHand {
  /** Errors: `invalid_idempotency_key`, `request_in_progress`. */
  hold<T>(use: KeyUse | undefined, work: () => Promise<T>): Promise<T>;
}

export function createKeysInHand(): KeysInHand {
  const held = new Set<string>();
  return {
    async hold(use, work) {
      if (use === undefined) return work();
      checkKey(use);
      const name = nameOf(use);
      if (held.has(name)) throw keyInUse(use);
      held.add(name);
      try {
        return await work();
      } finally {
        held.delete(name);
      }
    },
  };
}
