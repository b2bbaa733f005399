import { SophiaError } from '../errors.ts';
import type { EventLoopDelay } from './event-loop-delay.ts';

export interface LoadSheddingOptions {
  /** Calls in hand at once. */
  readonly maximumConcurrency: number;
  /** Milliseconds of event-loop delay beyond which new calls are refused. */
  readonly maximumDelay: number;
  readonly delay: Pick<EventLoopDelay, 'current'>;
}

export interface LoadShedder {
  readonly active: number;
  readonly shed: number;
  /** Takes a place or throws `overloaded`; each success is followed by one `leave`. */
  enter(): void;
  leave(): void;
}

/** Refuses new work while what is accepted already would become slow by it. */
export function createLoadShedder({ maximumConcurrency, maximumDelay, delay }: LoadSheddingOptions): LoadShedder {
  let active = 0;
  let shed = 0;
  const refuse = (reason: string) => {
    shed++;
    return new SophiaError('overloaded', `This instance is at its limit: ${reason}.`, { retryAfter: 1 });
  };
  return {
    get active() {
      return active;
    },
    get shed() {
      return shed;
    },
    enter() {
      if (active >= maximumConcurrency) throw refuse(`${active} requests in hand`);
      // A late event loop with nothing in hand (a pause, a start) is no load that refusing could lower.
      if (active > 0) {
        const late = delay.current();
        if (late > maximumDelay) throw refuse(`event loop ${Math.round(late)} ms late`);
      }
      active++;
    },
    leave() {
      active--;
    },
  };
}
