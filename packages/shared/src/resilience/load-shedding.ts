import { SophiaError } from '../errors.ts';
import type { EventLoopDelay } from './event-loop-delay.ts';

export interface LoadSheddingOptions {
  /** Calls in hand at once, but for an eighth more of those who have few of them. */
  readonly maximumConcurrency: number;
  /** Milliseconds of event-loop delay beyond which new calls are refused. */
  readonly maximumDelay: number;
  readonly delay: Pick<EventLoopDelay, 'current'>;
}

export interface LoadShedder {
  readonly active: number;
  readonly shed: number;
  /** Takes a place for a party or throws `overloaded`; each success is followed by one `leave` of the same. */
  enter(party?: string): void;
  leave(party?: string): void;
}

/** Whose calls are so many times fewer than another's is not who makes it slow. */
const FEWER = 8;

/**
 * Refuses new work while what is accepted already would become slow by it: that of the parties who have most of it in
 * hand. Who has an eighth of what another has is let in, so that nobody takes the places of all.
 */
export function createLoadShedder({ maximumConcurrency, maximumDelay, delay }: LoadSheddingOptions): LoadShedder {
  let active = 0;
  let shed = 0;
  const held = new Map<string, number>();
  const heldBy = (party: string): number => held.get(party) ?? 0;
  const hasFew = (party: string): boolean => {
    let most = 0;
    for (const count of held.values()) most = Math.max(most, count);
    return (heldBy(party) + 1) * FEWER <= most;
  };
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
    enter(party = '') {
      const reserve = maximumConcurrency / FEWER;
      if (active >= maximumConcurrency && !(active < maximumConcurrency + reserve && hasFew(party))) {
        throw refuse(`${active} requests in hand`);
      }
      // A late event loop with nothing in hand (a pause, a start) is no load that refusing could lower.
      if (active > 0) {
        const late = delay.current();
        if (late > maximumDelay && !hasFew(party)) throw refuse(`event loop ${Math.round(late)} ms late`);
      }
      active++;
      held.set(party, heldBy(party) + 1);
    },
    leave(party = '') {
      active--;
      const rest = heldBy(party) - 1;
      if (rest > 0) held.set(party, rest);
      else held.delete(party);
    },
  };
}
