import { type Deadline, withDeadline } from '@sophia/shared';
import type { Call } from '@sophia/types';

/** Milliseconds, unless the call says how long. */
const DEADLINE = 10_000;

/** Waits for what others may wait for too, no longer than the call may. Errors: `deadline_exceeded`, and those of the work. */
export const withinCall = <T>(call: Call, what: string, work: (deadline: Deadline) => Promise<T>): Promise<T> =>
  withDeadline(call.deadline ?? DEADLINE, work, { signal: call.signal, what });
