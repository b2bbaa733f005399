/** What Ctrl-C does while a command waits for Sophia. */
export interface Interruption {
  /** Aborted by the first SIGINT or SIGTERM, so that the command can tell what stays; the second ends the process. */
  readonly signal: AbortSignal;
  /** Leaves signals to the process again. */
  close(): void;
}

const INTERRUPTED = 130;

export const watchInterruption = (target: Pick<NodeJS.Process, 'on' | 'off' | 'exit'> = process): Interruption => {
  const controller = new AbortController();
  const receive = (): void => {
    if (controller.signal.aborted) target.exit(INTERRUPTED);
    controller.abort();
  };
  target.on('SIGINT', receive).on('SIGTERM', receive);
  return {
    signal: controller.signal,
    close: () => void target.off('SIGINT', receive).off('SIGTERM', receive),
  };
};
