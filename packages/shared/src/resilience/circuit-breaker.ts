import type { Clock } from '../clock.ts';
import { SophiaError } from '../errors.ts';

export type CircuitState = 'closed' | 'open' | 'half_open';

export interface CircuitBreakerOptions {
  /** The dependency behind it, named in the error. */
  readonly name: string;
  readonly clock: Clock;
  /** Failures in a row that open it; 5 unless told. */
  readonly failures?: number | undefined;
  /** Milliseconds until the first trial call, doubled while trials fail; 1,000 unless told. */
  readonly coolDown?: number | undefined;
  /** 30,000 unless told. */
  readonly maximumCoolDown?: number | undefined;
  /** Whether an error says that the dependency is ill; every error, unless told. */
  readonly isFailure?: ((error: unknown) => boolean) | undefined;
  readonly onChange?: ((state: CircuitState) => void) | undefined;
}

export interface CircuitBreaker {
  readonly state: CircuitState;
  /** Runs the work, or fails at once with `unavailable` while the circuit is open. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * Stops calling a dependency that keeps failing (Nygard, "Release It!"). After the cool-down one
 * trial call at a time goes through; its success closes the circuit. Counts time on the monotonic
 * clock, so that a jump of the wall clock neither holds it open nor closes it early.
 */
export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const { name, clock, failures = 5, coolDown = 1_000, maximumCoolDown = 30_000, isFailure = () => true, onChange } = options;
  let state: CircuitState = 'closed';
  let failuresInARow = 0;
  let wait = coolDown;
  let openUntil = 0;
  let generation = 0;

  const change = (next: CircuitState) => {
    state = next;
    generation++;
    onChange?.(next);
  };
  const open = () => {
    openUntil = clock.monotonic() + wait;
    wait = Math.min(wait * 2, maximumCoolDown);
    change('open');
  };
  const succeed = () => {
    failuresInARow = 0;
    if (state === 'closed') return;
    wait = coolDown;
    change('closed');
  };
  const fail = () => {
    failuresInARow++;
    if (state === 'half_open' || failuresInARow >= failures) open();
  };
  const refuse = () =>
    new SophiaError('unavailable', `${name} has failed repeatedly and is not called for now.`, {
      details: { dependency: name },
      retryAfter: Math.max(1, Math.ceil((openUntil - clock.monotonic()) / 1_000)),
    });

  return {
    get state() {
      return state;
    },
    async run(work) {
      if (state === 'open' && clock.monotonic() >= openUntil) change('half_open');
      else if (state !== 'closed') throw refuse();
      // An outcome counts only for the state in which its call began.
      const begun = generation;
      try {
        const value = await work();
        if (generation === begun) succeed();
        return value;
      } catch (error) {
        if (generation === begun) {
          if (isFailure(error)) fail();
          else succeed();
        }
        throw error;
      }
    },
  };
}
