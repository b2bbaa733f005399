import { withDeadline } from './resilience/deadline.ts';

/** What is started can be stopped. */
export interface Closeable {
  close(): Promise<void> | void;
}

export interface LifecycleEvent {
  readonly kind: 'starting' | 'started' | 'closing' | 'closed' | 'failed_to_close';
  readonly component: string;
  readonly milliseconds?: number | undefined;
  readonly error?: unknown;
}

export interface LifecycleOptions {
  /** Milliseconds for each component to start; 60,000 unless told. */
  readonly startDeadline?: number | undefined;
  /** Milliseconds for each component to close; 30,000 unless told. */
  readonly closeDeadline?: number | undefined;
  readonly onEvent?: ((event: LifecycleEvent) => void) | undefined;
}

export interface ComponentOptions {
  readonly startDeadline?: number | undefined;
  readonly closeDeadline?: number | undefined;
}

export interface Lifecycle {
  /** Starts a component after those before it; when it fails, everything started is closed and the error is thrown. */
  start<T extends Closeable>(component: string, create: (signal: AbortSignal) => Promise<T> | T, options?: ComponentOptions): Promise<T>;
  /** Aborted when closing begins: for work that should end early. */
  readonly signal: AbortSignal;
  /** Closes in reverse order of starting, each within its deadline, the rest also when one fails; then throws an AggregateError of what failed. */
  close(): Promise<void>;
}

/** Graceful start and stop in one place. */
export function createLifecycle(options: LifecycleOptions = {}): Lifecycle {
  const { startDeadline = 60_000, closeDeadline = 30_000, onEvent } = options;
  const running: { readonly component: string; readonly instance: Closeable; readonly deadline: number }[] = [];
  const stopping = new AbortController();
  let closing: Promise<void> | undefined;

  const closeAll = async () => {
    stopping.abort(new Error('Sophia is closing.'));
    const failures: unknown[] = [];
    for (let entry = running.pop(); entry !== undefined; entry = running.pop()) {
      const { component, instance, deadline } = entry;
      const begun = performance.now();
      onEvent?.({ kind: 'closing', component });
      try {
        await withDeadline(deadline, async () => instance.close(), { what: `${component} to close` });
        onEvent?.({ kind: 'closed', component, milliseconds: performance.now() - begun });
      } catch (error) {
        failures.push(error);
        onEvent?.({ kind: 'failed_to_close', component, error });
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, `${failures.length} components did not close cleanly.`);
  };

  const lifecycle: Lifecycle = {
    signal: stopping.signal,
    async start(component, create, own = {}) {
      stopping.signal.throwIfAborted();
      const begun = performance.now();
      onEvent?.({ kind: 'starting', component });
      const milliseconds = own.startDeadline ?? startDeadline;
      // A component that comes after its deadline, or after the end, is closed rather than lost.
      let late = false;
      try {
        const instance = await withDeadline(
          milliseconds,
          async ({ signal }) => {
            const created = await create(signal);
            if (late) await created.close();
            return created;
          },
          { what: `${component} to start`, signal: stopping.signal },
        );
        // Closing has begun, and passed by, between its coming and this.
        if (stopping.signal.aborted) await instance.close();
        stopping.signal.throwIfAborted();
        running.push({ component, instance, deadline: own.closeDeadline ?? closeDeadline });
        onEvent?.({ kind: 'started', component, milliseconds: performance.now() - begun });
        return instance;
      } catch (error) {
        late = true;
        await lifecycle.close().catch(() => {
          // Told by its event; what counts is the cause of the failed start.
        });
        throw error;
      }
    },
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
  return lifecycle;
}

/** Runs what starts components; when it fails, also between two of them, everything started is closed and the error is thrown. */
export async function closingOnFailure<T>(lifecycle: Lifecycle, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    await lifecycle.close().catch(() => {
      // Told by its event; what counts is the cause of the failed start.
    });
    throw error;
  }
}

/** Resolves with the first SIGINT or SIGTERM; a second one ends the process at once with 130. */
export function waitForStopSignal(target: Pick<NodeJS.Process, 'on' | 'exit'> = process): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let first = true;
    const receive = (signal: NodeJS.Signals) => {
      if (!first) target.exit(130);
      first = false;
      resolve(signal);
    };
    target.on('SIGINT', receive);
    target.on('SIGTERM', receive);
  });
}
