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

/** A record of the source `test` whose event the warehouse refuses until it is mended. */
export interface PoisonRecord {
  /** Gives the event in the log its own fields back: a replay succeeds then. */
  mend(): Promise<void>;
}

/** Writes a record and spoils its event before the warehouse sees it. */
export const writePoison = (
  test: TestPlatform,
  recordType: string,
  sourceId: string,
  fields: JsonObject,
  spoilt: JsonObject,
): Promise<PoisonRecord> =>
  whileHeld(test, async (owner) => {
    await test.write(recordType, sourceId, fields);
    const found = await owner.query<{ position: string; data: JsonObject }>(
      "select position::text, data from event where source_system = 'test' and record_type = $1 and source_id = $2 order by position desc limit 1",
      [recordType, sourceId],
    );
    const [event] = found.rows;
    if (event === undefined) throw new Error(`no event of ${recordType} ${sourceId}`);
    const change = async (data: JsonObject): Promise<void> => {
      const client = new pg.Client({ ...test.platform.owner });
      await client.connect();
      await client.query('update event set data = $2 where position = $1', [event.position, data]);
      await client.end();
    };
    await change({ ...event.data, ...spoilt });
    return { mend: () => change(event.data) };
  });

/** How many events stand aside for the warehouse. */
export const countSetAside = async ({ platform }: TestPlatform): Promise<number> => (await platform.eventLog.setAside('warehouse')).length;
