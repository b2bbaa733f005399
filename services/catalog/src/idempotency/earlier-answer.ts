import type { EventLog } from '@sophia/event-log';
import type { WriteAnswer } from '@sophia/types';
import { type KeyState, type KeyUse, keyReused } from './idempotency-keys.ts';

/**
 * What a key that was used before answers with, under a token that its write is before. Throws
 * `idempotency_key_reused`; undefined where the key is this request's own.
 */
export function earlierAnswer<Answer extends WriteAnswer>(
  use: KeyUse,
  state: KeyState,
  encodeToken: EventLog['encodeToken'],
): Answer | undefined {
  switch (state.state) {
    case 'new':
      return undefined;
    case 'reused':
      throw keyReused(use);
    case 'used': {
      const { transactionId, walPosition, answer } = state;
      // Kept by this code, under a key of its own route: the answer has the shape of the route's.
      return { ...answer, token: encodeToken({ transactionId, walPosition }) } as unknown as Answer;
    }
  }
}
