import type { Session } from '@sophia/database';
import type { Random } from '@sophia/shared';
import type { KeptSession } from './kept-session.ts';
import { MEMBER_LOCKS } from './member-locks.ts';

/**
 * The members of this process, each with an advisory lock on the process's session: who looks at the
 * locks counts the living, and a killed process needs no time-out.
 */
export interface GroupMembers {
  add(session: KeptSession, groupId: number): Promise<{ leave(session: KeptSession): Promise<void> }>;
  /** Takes all locks on a session that was just opened. */
  join(session: Session): Promise<void>;
}

export function createGroupMembers(random: Random): GroupMembers {
  const members = new Set<readonly [number, number]>();
  return {
    async add(session, groupId) {
      const keys = [MEMBER_LOCKS + groupId, Math.floor(random() * 2 ** 31)] as const;
      members.add(keys);
      // A session that is lost just now takes the lock when it is open again.
      if (session.isOpen) await session.query(LOCK, keys);
      return {
        async leave(current) {
          members.delete(keys);
          // Without a session there is no lock.
          if (current.isOpen) await current.query(UNLOCK, keys);
        },
      };
    },
    async join(session) {
      for (const keys of members) await session.query(LOCK, keys);
    },
  };
}

const LOCK = { name: 'event_log_member_lock', text: 'select pg_advisory_lock_shared($1, $2)' };
const UNLOCK = { name: 'event_log_member_unlock', text: 'select pg_advisory_unlock_shared($1, $2)' };
