import type { JsonObject } from '@sophia/types';
import pg from 'pg';
import type { TestPlatform } from './test-platform.ts';

/** Runs work that writes to the log while the warehouse's group is held: its projection then takes what was written at once. */
export const whileHeld = async <T>({ platform }: TestPlatform, work: (owner: pg.Client) => Promise<T>): Promise<T> => {
  const owner = new pg.Client({ ...platform.owner });
  owner.on('error', () => undefined);
  await owner.connect();
  try {
    await owner.query('begin');
    // The group's row is what a member holds while it hands a batch over.
    await owner.query("select * from event_group where name = 'warehouse' for update");
    const done = await work(owner);
    await owner.query('commit');
    return done;
  } finally {
    await owner.end();
  }
};

/** An event that the warehouse refuses until it is mended. */
export interface PoisonEvent {
  /** Gives the event in the log its own data back: a replay succeeds then. */
  mend(): Promise<void>;
}

/** Writes one event, and spoils it before the warehouse sees it. */
export const writePoison = (test: TestPlatform, write: () => Promise<unknown>, spoil: JsonObject): Promise<PoisonEvent> =>
  whileHeld(test, async (owner) => {
    await write();
    const { rows } = await owner.query<{ position: string; data: JsonObject }>(
      'select position::text, data from event order by event.position desc limit 1',
    );
    const [event] = rows;
    if (event === undefined) throw new Error('nothing was written');
    const change = async (data: JsonObject): Promise<void> => {
      const client = new pg.Client({ ...test.platform.owner });
      await client.connect();
      await client.query('update event set data = $2 where position = $1', [event.position, data]);
      await client.end();
    };
    await change({ ...event.data, ...spoil });
    return { mend: () => change(event.data) };
  });
