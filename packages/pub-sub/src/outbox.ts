import { SophiaError, systemSleep } from '@sophia/shared';

export interface Outbox {
  /** Resolves when the message has gone. Rejects with `overloaded` when too many wait, and with what sending it threw. */
  send(message: string): Promise<void>;
  /** Sends what waits, and takes nothing more. */
  close(): Promise<void>;
}

interface Parcel {
  /** In order of arrival, each once. */
  readonly messages: Set<string>;
  readonly gone: Promise<void>;
}

/**
 * Gathers messages for a few milliseconds and sends those of a moment together, the same one once;
 * one parcel is under way at a time.
 */
export function createOutbox(gatherMs: number, dispatch: (messages: readonly string[]) => Promise<void>): Outbox {
  let gathering: Parcel | undefined;
  let before: Promise<void> = Promise.resolve();
  let isClosed = false;

  const start = (): Parcel => {
    const messages = new Set<string>();
    const gone = Promise.all([before, systemSleep(gatherMs)]).then(() => {
      gathering = undefined;
      return dispatch([...messages]);
    });
    before = gone.catch(toldToItsSenders);
    gathering = { messages, gone };
    return gathering;
  };

  return {
    async send(message) {
      if (isClosed) throw new SophiaError('unavailable', 'The bus is closed.');
      const { messages, gone } = gathering ?? start();
      if (messages.size >= MOST_WAITING)
        throw new SophiaError('overloaded', `${MOST_WAITING} messages wait for the bus already.`, { retryAfter: 1 });
      messages.add(message);
      await gone;
    },
    async close() {
      isClosed = true;
      await before;
    },
  };
}

const MOST_WAITING = 5_000;

function toldToItsSenders(): void {
  // Each of them awaits its parcel.
}
