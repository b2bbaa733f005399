import type { Database } from '../database.ts';
import type { DatabaseRole } from '../postgres/connection-settings.ts';
import type { Verdict } from '../testing/fault-proxy.ts';

export interface OpenOptions {
  readonly pool?: {
    readonly minimum?: number;
    readonly maximum?: number;
    readonly queue?: number;
    readonly idleMs?: number;
    readonly recycleAfterQueries?: number;
  };
  /** Reads that may be stale go to the replica. */
  readonly replica?: boolean;
  /** Whether the way to the server is the one on which faults are made. */
  readonly faulty?: boolean;
  /** How the server names its connections. */
  readonly applicationName?: string;
}

/** What a contract test needs of an adapter and its backend. */
export interface DatabaseHarness {
  /** The port as one role; each one is another process's view of the same database. Closed with the harness, if not before. */
  open(role: DatabaseRole, options?: OpenOptions): Promise<Database>;
  /** Lets time pass for the idle connections and the replicas of all that was opened. */
  elapse(milliseconds: number): void;
  readonly faults: {
    /** Cuts all connections; new ones are taken. */
    cut(): void;
    /** Nothing comes through, and nobody is told. */
    stall(): void;
    /** Whether new connections are refused. */
    refuse(refused: boolean): void;
    resume(): void;
    slow(milliseconds: number): void;
    /** How many pieces were sent to the server on this way. */
    sent(): number;
    /** What happens to a COMMIT from now on. */
    commits(verdict: Verdict): void;
    /** Kills the server; it comes back by itself. */
    kill(): Promise<void>;
    /** Stops the replica from following, or lets it follow again. */
    holdReplica(held: boolean): Promise<void>;
    /** Ends the replica for good. */
    killReplica(): Promise<void>;
  };
  close(): Promise<void>;
}
