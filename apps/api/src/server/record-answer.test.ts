import type { CatalogRecord, RecordId } from '@sophia/types';
import { expect, test } from 'vitest';
import { recordAnswer, versionOfTag } from './record-answer.ts';

const record: CatalogRecord = {
  id: '7' as RecordId,
  source_system: 'crm',
  record_type: 'contact',
  source_id: 'C',
  version: 3,
  data: { first_name: 'Ada', email: 'ada@example.org' },
  content_hash: 'abc',
  business_priority: null,
  occurred_at: null,
  source_version: null,
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
  deleted_at: null,
};
const tagOf = (changed: Partial<CatalogRecord>): string => recordAnswer({ ...record, ...changed }).etag;

test('a record has one tag for as long as what is sent of it is the same', () => {
  expect(tagOf({})).toBe(tagOf({ data: { ...record.data } }));
  const others = [{ version: 4 }, { data: { first_name: 'Ada', email: null } }, { source_version: '2' }].map(tagOf);
  expect(new Set([tagOf({}), ...others]).size).toBe(4);
});

test('its tag names its version, as the version alone does', () => {
  expect([tagOf({}), tagOf({ version: 2_147_483_647 }), '"3"'].map(versionOfTag)).toEqual([3, 2_147_483_647, 3]);
  expect([`W/${tagOf({})}`, 'W/"3"'].map(versionOfTag)).toEqual([3, 3]);
  for (const tag of ['3', 'w/"3"', '"3-"', '"3", "4"', '*', '"x"', '"3-ABC"']) expect(versionOfTag(tag)).toBeUndefined();
});
