import { SophiaError } from '@sophia/shared';
import type { AuditEntry } from './audit.ts';
import { instantOf, type PendingEntry, pending } from './entry-values.ts';

export interface ReadBuffer {
  readonly size: number;
  /** Whether there was room. */
  tryAdd(entry: AuditEntry, at: number): boolean;
  /** Undefined where there was room. */
  add(entry: AuditEntry, at: number): Promise<void> | undefined;
  /** Everything that waits, leaving room for more. */
  take(): PendingEntry[];
}

/** How long a read waits for room before it fails. */
const PATIENCE = 1_000;

/**
 * Entries of reads that wait to be written, within bounds. Identical reads that wait together are one
 * entry with their number: a hot query costs a row for each flush rather than for each request.
 */
export function createReadBuffer(capacity: number): ReadBuffer {
  let entries = new Map<string, PendingEntry>();
  let room: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  const tryAdd = (entry: AuditEntry, at: number): boolean => {
    const key = identity(entry);
    const same = entries.get(key);
    if (same !== undefined) {
      same.times++;
      same.rows += entry.rows ?? 0;
      same.milliseconds += entry.milliseconds;
      return true;
    }
    if (entries.size >= capacity) return false;
    entries.set(key, pending(entry, instantOf(at)));
    return true;
  };
  const waitAndAdd = async (entry: AuditEntry, at: number): Promise<void> => {
    const until = performance.now() + PATIENCE;
    do {
      room ??= Promise.withResolvers<void>();
      const timer = Promise.withResolvers<void>();
      const handle = setTimeout(timer.resolve, Math.max(0, until - performance.now()));
      await Promise.race([room.promise, timer.promise]);
      clearTimeout(handle);
      if (tryAdd(entry, at)) return;
    } while (performance.now() < until);
    throw new SophiaError('overloaded', 'The audit of reads is full: nothing may be read that is not written down.', { retryAfter: 1 });
  };

  return {
    get size() {
      return entries.size;
    },
    tryAdd,
    add: (entry, at) => (tryAdd(entry, at) ? undefined : waitAndAdd(entry, at)),
    take() {
      const taken = [...entries.values()];
      entries = new Map();
      room?.resolve();
      room = undefined;
      return taken;
    },
  };
}

/** What must be equal for two reads to be one entry. Only the object, which comes last, may hold any character. */
function identity({ call, action, object, result = 'ok', details }: AuditEntry): string {
  const { principal, via, address } = call;
  const detailed = details === undefined ? '' : JSON.stringify(details);
  return `${principal.workspace}\0${principal.id}\0${principal.onBehalfOf ?? ''}\0${via}\0${address ?? ''}\0${action}\0${result}\0${detailed}\0${object}`;
}
