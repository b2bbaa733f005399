import type { TestEngine, TestRecord } from './test-engine.ts';

/** A record's new state, or its end. */
export type TestChange = TestRecord | { readonly type: string; readonly id: number; readonly deleted: true };

/**
 * Applies a batch as the warehouse does: what is replaced leaves the table, and `changed_<type>` has it with -1 and what
 * is new with 1. The last of several changes of one record counts.
 */
export async function applyChanges(engine: TestEngine, types: readonly string[], changes: readonly TestChange[]): Promise<void> {
  const last = new Map(changes.map((change) => [`${change.type} ${change.id}`, change]));
  for (const type of types) {
    const own = [...last.values()].filter((change) => change.type === type);
    const ids = own.map(({ id }) => id).join(', ') || 'null';
    await engine.execute(`create or replace temp table removed_rows_${type} as select * from "${type}" where id in (${ids})`);
    await engine.execute(`delete from "${type}" where id in (${ids})`);
    await engine.insert(own.filter((change) => !('deleted' in change)) as TestRecord[]);
    await engine.execute(
      `create or replace temp view "changed_${type}" as select *, -1 as sign from removed_rows_${type}
       union all select *, 1 from "${type}" where id in (${ids})`,
    );
  }
}
