import { expect, test } from 'vitest';
import { ENDLESS_QUERY } from '../testing/endless-query.ts';
import { createLogScript, ONE, objectsOf } from '../testing/log-script.ts';
import { useSmallWarehouse } from '../testing/small-warehouse.ts';
import type { DerivedTable } from '../warehouse.ts';

const opened = useSmallWarehouse();

const table = (name: string): DerivedTable => ({
  name: `rollup_${name}`,
  fingerprint: '1',
  reads: [],
  create: [{ text: `create table rollup_${name} (seats bigint)`, parameters: [] }],
  refresh: [],
});

test('a derived table that is made or dropped leaves what is written of the others as it is', async () => {
  const written = async () =>
    new Map(
      objectsOf(await opened.current.query({ text: 'select name, rowid from sophia.derived', parameters: [] })).map((row) => [
        row.name,
        row.rowid,
      ]),
    );
  await opened.current.setDerivedTables([table('a'), table('b')]);
  const before = await written();
  await opened.current.setDerivedTables([table('b'), table('c')]);
  const after = await written();
  expect([...after.keys()].sort()).toEqual(['rollup_b', 'rollup_c']);
  expect(after.get('rollup_b')).toBe(before.get('rollup_b'));
});

const endless: DerivedTable = {
  ...table('endless'),
  create: [{ text: `create table rollup_endless as ${ENDLESS_QUERY}`, parameters: [] }],
};
const GIVEN_UP = { status: 'rejected', reason: { code: 'warehouse_unavailable' } };

test('W5: closing gives up derived tables that are being made or wait for it, and leaves them for the next time', async () => {
  const outcomes = Promise.allSettled([opened.current.setDerivedTables([endless]), opened.current.setDerivedTables([table('a')])]);
  await opened.current.close();
  expect(await outcomes).toMatchObject([GIVEN_UP, GIVEN_UP]);
  await opened.open();
  expect(opened.current.derivedTables()).toEqual([]);
});

test('W5: what waits behind derived tables that are being made goes on when the process begins to close', async () => {
  const log = createLogScript();
  const outcomes = Promise.allSettled([
    opened.current.setDerivedTables([endless]),
    opened.current.apply(log.next(log.upsert(1, { name: 'a' }))),
  ]);
  opened.closing.abort();
  expect(await outcomes).toMatchObject([GIVEN_UP, { status: 'fulfilled' }]);
  expect(opened.current.applied().tick).toBe(1);
});

/** Takes a gigabyte where it sees a deal of more than one seat. */
const heavy = (seats: string, from: string) => ({
  text: `insert into rollup_heavy select length(string_agg(repeat('x', 10_000_000) || i)) from ${from}, range(100) as r (i) where ${seats} > 1`,
  parameters: [],
});
const HEAVY: DerivedTable = {
  ...table('heavy'),
  name: 'rollup_heavy',
  reads: [{ workspace: ONE, recordType: 'deal' }],
};
const TOO_LITTLE_MEMORY = { code: 'warehouse_out_of_memory' };

test('W6: a table that could not be made for want of memory is made the next time', async () => {
  const log = createLogScript();
  const made = { ...HEAVY, create: [...HEAVY.create, heavy('seats', 'deal')] };
  await opened.current.apply(log.next(log.upsert(1, { seats: 2 })));
  await expect(opened.current.setDerivedTables([made])).rejects.toMatchObject(TOO_LITTLE_MEMORY);
  expect(opened.current.derivedTables()).toEqual([]);
  await opened.current.apply(log.next(log.upsert(1, { seats: 1 }, { version: 2 })));
  await opened.current.setDerivedTables([made]);
  expect(opened.current.derivedTables()).toEqual([{ name: 'rollup_heavy', fingerprint: '1' }]);
});

test('W6: a batch that a table cannot follow for want of memory is refused as it is, and the table stays', async () => {
  const log = createLogScript();
  await opened.current.setDerivedTables([{ ...HEAVY, refresh: [heavy('seats', 'changed_deal')] }]);
  await expect(opened.current.apply(log.next(log.upsert(1, { seats: 2 })))).rejects.toMatchObject(TOO_LITTLE_MEMORY);
  expect(opened.current.applied().tick).toBe(0);
  expect(opened.current.derivedTables()).toEqual([{ name: 'rollup_heavy', fingerprint: '1' }]);
  await opened.current.apply(log.next(log.upsert(1, { seats: 1 })));
  expect(opened.current.derivedTables()).toEqual([{ name: 'rollup_heavy', fingerprint: '1' }]);
});
