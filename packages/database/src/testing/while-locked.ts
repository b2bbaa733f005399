import { setTimeout as sleep } from 'node:timers/promises';
import type { TestDatabase } from './test-database.ts';

/** Milliseconds after which whoever still waits for the table is not waited for. */
const LONGEST = 5_000;

/** How these end that begin while somebody holds the whole table: their errors, or `waits`. */
export async function whileLocked(
  { testDatabase }: { readonly testDatabase: TestDatabase },
  table: string,
  begin: () => readonly Promise<unknown>[],
): Promise<readonly unknown[]> {
  const owner = await testDatabase.open('owner');
  const [held, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const holding = owner.write([], async (transaction) => {
    await owner.query(transaction, { name: `test_hold_${table}`, text: `lock table ${table} in access exclusive mode` });
    held.resolve();
    await released.promise;
  });
  await held.promise;
  const ends = begin().map((each) => Promise.race([each, sleep(LONGEST, 'waits')]).catch((error: unknown) => error));
  const found = await Promise.all(ends);
  released.resolve();
  await holding;
  await owner.close();
  return found;
}
