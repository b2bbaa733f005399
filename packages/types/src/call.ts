import type { Actor } from './event.ts';
import type { Principal } from './principal.ts';

/** Who calls, through what, and for how long they wait. Goes first in every call of a service. */
export interface Call {
  readonly principal: Principal;
  readonly via: Actor['via'];
  /** Id of the request: cause of the events that it makes, and named in the audit. */
  readonly request?: string | undefined;
  /** Network address, for the audit. */
  readonly address?: string | undefined;
  /** Milliseconds until the call is given up; 10,000 unless told. For imports: of each chunk. */
  readonly deadline?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How long a read or a transaction for the call may take. */
export const limitsOf = ({ deadline, signal }: Call): Pick<Call, 'deadline' | 'signal'> => ({ deadline, signal });
