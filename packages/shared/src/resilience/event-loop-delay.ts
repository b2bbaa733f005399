import type { Clock } from '../clock.ts';

export interface EventLoopDelay {
  /** Milliseconds by which the event loop is late now: the greater of the last probe's lateness and of the probe that is due. */
  current(): number;
  close(): void;
}

/** Probes the event loop with a timer that does not keep the process alive. */
export function createEventLoopDelay({ clock, interval = 20 }: { clock: Clock; interval?: number }): EventLoopDelay {
  let due = clock.monotonic() + interval;
  let last = 0;
  const probe = () => {
    const now = clock.monotonic();
    last = Math.max(0, now - due);
    due = now + interval;
  };
  const timer = setInterval(probe, interval);
  timer.unref();
  return {
    current: () => Math.max(last, clock.monotonic() - due),
    close: () => clearInterval(timer),
  };
}
