import { expect, test } from 'vitest';
import type { IncomingRecord, RejectedRow } from '../rows/incoming-record.ts';
import { cutChunks } from './cut-chunks.ts';
import type { PlacedRow } from './round.ts';

const FROM = { row: { line: 1, source_id: 'r', fields: {} }, target: { recordType: 'deal', sourceSystem: 'crm' }, repairs: [] };
const accepted = (place: number, key: string): PlacedRow => ({ place, prepared: { record: { key } as IncomingRecord }, ...FROM });
const rejected = (place: number): PlacedRow => ({ place, prepared: { rejected: { key: 'r' } as RejectedRow }, ...FROM });
const lengths = (rows: readonly PlacedRow[]) => cutChunks(rows).map(({ length }) => length);

test('chunks have at most 2,500 rows, and at most 64 of a key', () => {
  expect(lengths([])).toEqual([]);
  expect(lengths(Array.from({ length: 5_001 }, (_, index) => accepted(index, `k${index}`)))).toEqual([2_500, 2_500, 1]);
  expect(lengths(Array.from({ length: 130 }, (_, index) => accepted(index, 'hot')))).toEqual([64, 64, 2]);
  expect(lengths(Array.from({ length: 100 }, (_, index) => rejected(index)))).toEqual([100]);
  const rows = Array.from({ length: 300 }, (_, index) => accepted(index, index % 2 === 0 ? 'hot' : `k${index}`));
  expect(cutChunks(rows).flat()).toEqual(rows);
});
