import type { Database } from '@sophia/database';
import { SophiaError } from '@sophia/shared';
import type { GroupLag } from '../event-log.ts';
import type { Place } from '../position.ts';
import { GROUP, groupName } from './group-name.ts';
import type { TickBook } from './tick-book.ts';

interface ReplayState {
  readonly replay_done: string;
  readonly replay_succeeded: number;
  readonly replay_failed: number;
}

export interface ReplayRequestOptions {
  readonly log: Database;
  readonly book: TickBook;
  readonly wake: () => void;
  readonly lag: () => Promise<GroupLag[]>;
  /** Milliseconds until who asked gives up waiting; the replay goes on all the same. */
  readonly deadline: number;
}

export interface Replayed {
  readonly succeeded: number;
  readonly failed: number;
}

/**
 * Asks a member of each instance, in whichever process, and waits for the answers of those that have one; the others
 * replay when they are back.
 */
export async function askForReplay(options: ReplayRequestOptions, group: string): Promise<Replayed> {
  const found = (await options.lag()).filter((candidate) => candidate.group === group);
  if (found.length === 0) throw new SophiaError('not_found', `There is no consumer group ${group}.`);
  if (found.every(({ members }) => members === 0)) {
    throw new SophiaError('unavailable', `The consumer group ${group} has no member that could replay its events.`, { retryAfter: 5 });
  }
  const until = performance.now() + options.deadline;
  const replays = await Promise.all(
    found.map(async ({ instance, members }) => {
      const name = groupName(group, instance);
      const asked = await ask(options.log, name, options.deadline);
      options.wake();
      return members === 0 ? NOTHING : replayed(options, name, asked, until);
    }),
  );
  return replays.reduce((sum, each) => ({ succeeded: sum.succeeded + each.succeeded, failed: sum.failed + each.failed }));
}

const NOTHING: Replayed = { succeeded: 0, failed: 0 };

async function replayed({ log, book, deadline }: ReplayRequestOptions, name: string, asked: number, until: number): Promise<Replayed> {
  while (performance.now() < until) {
    // It had a member just now, and is forgotten only after long without one.
    const [state] = (await log.select<ReplayState>([], READ_STATE, [name])) as [ReplayState];
    if (Number(state.replay_done) >= asked) return { succeeded: state.replay_succeeded, failed: state.replay_failed };
    await book.waitFor(book.head.tick, 100);
  }
  throw new SophiaError('deadline_exceeded', `The replay of ${name} has not ended within ${deadline} ms; it goes on.`);
}

/** Waits for a batch in hand to end; resolves to the number of the request, which is none where the instance was forgotten just now. */
async function ask(log: Database, name: string, deadline: number): Promise<number> {
  const { value } = await log.write([], (transaction) => log.query<{ replay_asked: string }>(transaction, ASK, [name]), { deadline });
  return Number(value[0]?.replay_asked);
}

export async function discard(log: Database, group: string, { tick, offset }: Place): Promise<void> {
  const { value: rows } = await log.write([], (transaction) => log.query(transaction, DISCARD, [group, tick, offset]));
  if (rows.length === 0) throw new SophiaError('not_found', `No such event is set aside for the consumer group ${group}.`);
}

const ASK = {
  name: 'event_log_ask_for_replay',
  text: 'update event_group set replay_asked = replay_asked + 1 where name = $1 returning replay_asked',
};
const READ_STATE = {
  name: 'event_log_replay_state',
  text: 'select replay_done, replay_succeeded, replay_failed from event_group where name = $1',
};
const DISCARD = {
  name: 'event_log_discard',
  text: `delete from event_set_aside using event_group
    where ${GROUP} = $1 and group_id = event_group.id and event_set_aside.tick = $2 and event_set_aside.tick_offset = $3
    returning event_set_aside.position`,
};
