import type { Database } from '@sophia/database';
import type { EventLog } from '../event-log.ts';

/** A process of its own that is a member of a group, or makes the ticks. */
export interface OtherProcess {
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
  readonly exited: Promise<void>;
}

/** What an adapter gives to its contract suite. One harness is one log, new and empty. */
export interface EventLogHarness {
  /** The log as this process sees it. */
  readonly eventLog: EventLog;
  /** The database whose transactions `append` joins, as requests use it. */
  readonly database: Database;
  /** Where handlers keep effects in the transaction of their delivery. */
  readonly deliveries: Database;
  /** Another process's view of the same log; closed with the harness. */
  secondInstance(): Promise<EventLog>;
  /** An empty log of another epoch; closed with the harness. */
  otherLog(): Promise<EventLog>;
  /** A member whose handler notes each event in `test_effect`, in the transaction of its delivery, and takes a moment for it. */
  startMember(group: string): Promise<OtherProcess>;
  /** Cuts every connection of the log to its backend, once. */
  cutConnections(): Promise<void>;
  close(): Promise<void>;
}

/** The harness of the test that runs. */
export type CurrentHarness = () => EventLogHarness;

/** Records to be written in tests: `test_record (key, version)` with these keys, each at version 0. */
export const KEYS = 200;
