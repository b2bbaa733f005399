import { seededRandom } from '@sophia/shared';
import { expect, test } from 'vitest';
import { createGroupMembers } from './group-members.ts';
import { MEMBER_LOCKS } from './member-locks.ts';

/** A session that keeps what it was asked for. */
function createSession(isOpen: boolean) {
  const asked: [string, readonly unknown[]][] = [];
  return {
    asked,
    isOpen,
    query: async <Row>({ name }: { readonly name: string }, values: readonly unknown[] = []): Promise<Row[]> => {
      asked.push([name, values]);
      return [];
    },
    listen: async () => undefined,
    closed: Promise.resolve(),
    close: async () => undefined,
  };
}

test('a member locks on the open session and on each that follows it, and unlocks when it leaves', async () => {
  const members = createGroupMembers(seededRandom(1));
  const first = createSession(true);
  const { leave } = await members.add(first, 7);
  expect(first.asked).toEqual([['event_log_member_lock', [MEMBER_LOCKS + 7, expect.any(Number)]]]);
  const second = createSession(true);
  await members.join(second);
  expect(second.asked).toEqual(first.asked);
  await leave(second);
  expect(second.asked[1]).toEqual(['event_log_member_unlock', first.asked[0]?.[1]]);
  await members.join(first);
  expect(first.asked).toHaveLength(1);
});

test('a member that comes or leaves while the session is lost asks for nothing', async () => {
  const members = createGroupMembers(seededRandom(1));
  const lost = createSession(false);
  const { leave } = await members.add(lost, 7);
  const next = createSession(true);
  await members.join(next);
  expect(next.asked).toHaveLength(1);
  await leave(lost);
  expect(lost.asked).toEqual([]);
});
