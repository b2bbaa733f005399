import type { EventFact } from '@sophia/types';
import type { ConsumeOptions, Handler, Subscription } from '../event-log.ts';
import { type ConsumerOptions, startConsumer } from './consumer.ts';
import { ensureGroup } from './consumer-group.ts';
import type { GroupMembers } from './group-members.ts';
import { groupName } from './group-name.ts';
import type { KeptSession } from './kept-session.ts';
import { ownPlace } from './member-place.ts';

export interface SubscriptionsOptions extends Pick<ConsumerOptions<never>, 'log' | 'logger' | 'epoch' | 'book' | 'random' | 'haste'> {
  readonly members: GroupMembers;
  readonly session: KeptSession;
}

/** What this process consumes. */
export interface Subscriptions {
  join<Event extends EventFact>(
    reading: Pick<ConsumerOptions<Event>, 'shape' | 'reader'>,
    group: string,
    handler: Handler<Event>,
    consume?: ConsumeOptions,
  ): Promise<Subscription>;
  /** Ends all of them after the batches in hand; the locks of their members end with the session. */
  close(): Promise<void>;
}

export function createSubscriptions({ members, session, ...shared }: SubscriptionsOptions): Subscriptions {
  const { log, epoch } = shared;
  const consumers = new Set<{ close(): Promise<void> }>();
  return {
    async join(reading, group, handler, consume = {}) {
      if (consume.cursor !== undefined) await ownPlace(epoch, consume.cursor);
      const groupId = await ensureGroup(log, groupName(group, consume.instance));
      const membership = await members.add(session, groupId);
      const consumer = startConsumer({ ...shared, ...reading, group, groupId, handler, consume });
      consumers.add(consumer);
      return {
        group,
        async close() {
          consumers.delete(consumer);
          await consumer.close();
          await membership.leave(session);
        },
      };
    },
    async close() {
      await Promise.all([...consumers].map((consumer) => consumer.close()));
    },
  };
}
