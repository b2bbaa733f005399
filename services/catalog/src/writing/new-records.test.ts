import type { WorkspaceId } from '@sophia/types';
import { describe, expect, test } from 'vitest';
import { type Arrival, createNewRecords, type NewRecords } from './new-records.ts';

const arrivals = (count: number, record: Partial<Arrival['record']> = {}, workspace = 1): Arrival[] =>
  Array.from({ length: count }, () => ({
    workspace: workspace as WorkspaceId,
    record: { record_type: 'deal', source_system: 'crm', content_hash: 'h', ...record },
  }));

/** Writes them, and tells whether they were taken to be new. */
async function write(newRecords: NewRecords, rows: readonly Arrival[], wereNew = true): Promise<boolean> {
  let taken = false;
  await newRecords.write(
    rows,
    async (likelyNew) => {
      taken = likelyNew;
    },
    () => wereNew,
  );
  return taken;
}

describe('records are taken to be new', () => {
  test('once their source has sent enough new ones and nothing else', async () => {
    const newRecords = createNewRecords();
    expect(await write(newRecords, arrivals(499))).toBe(false);
    expect(await write(newRecords, arrivals(1))).toBe(false);
    expect(await write(newRecords, arrivals(1))).toBe(true);
    expect(await write(newRecords, arrivals(1), false)).toBe(true);
    expect(await write(newRecords, arrivals(499))).toBe(false);
  });

  test('by workspace, type and source system, all of a group', async () => {
    const newRecords = createNewRecords();
    await write(newRecords, arrivals(500));
    expect(await write(newRecords, arrivals(1, {}, 2))).toBe(false);
    expect(await write(newRecords, arrivals(1, { record_type: 'company' }))).toBe(false);
    expect(await write(newRecords, arrivals(1, { source_system: 'erp' }))).toBe(false);
    expect(await write(newRecords, [...arrivals(1), ...arrivals(1, { source_system: 'erp' }), ...arrivals(1)])).toBe(false);
    expect(await write(newRecords, [...arrivals(1), ...arrivals(1)])).toBe(true);
  });

  test('never a deletion, nor none at all', async () => {
    const newRecords = createNewRecords();
    await write(newRecords, arrivals(500));
    expect(await write(newRecords, [...arrivals(1), ...arrivals(1, { content_hash: null })])).toBe(false);
    expect(await write(newRecords, [])).toBe(false);
  });

  test('not after a failure, which goes on to the caller', async () => {
    const newRecords = createNewRecords();
    await write(newRecords, arrivals(500));
    const failing = newRecords.write(
      arrivals(1),
      () => Promise.reject(new Error('taken')),
      () => true,
    );
    await expect(failing).rejects.toThrow('taken');
    expect(await write(newRecords, arrivals(1))).toBe(false);
  });

  test('of the thousand sources last heard of', async () => {
    const newRecords = createNewRecords();
    await write(newRecords, arrivals(500));
    await write(newRecords, arrivals(500, { source_system: 'kept' }));
    for (let other = 0; other < 998; other++) await write(newRecords, arrivals(1, { source_system: `${other}` }));
    expect(await write(newRecords, arrivals(1))).toBe(true);
    await write(newRecords, arrivals(1, { source_system: 'one more' }));
    expect(await write(newRecords, arrivals(1, { source_system: 'kept' }))).toBe(false);
    expect(await write(newRecords, arrivals(1))).toBe(true);
  });
});
