import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { PreparedRow } from '../rows/incoming-record.ts';
import { createLane, emptyHash } from './lane.ts';

const NO_PLACE = { source_version: null, occurred_at: null, business_priority: null };
const row = (id: string, content_hash: string | null = 'h', place: object = {}): PreparedRow => ({
  record: { key: `deal crm ${id}`, source_id: id, content_hash, ...NO_PLACE, ...place } as PreparedRow['record'] & object,
});
const rejected = (payload: string): PreparedRow => ({ rejected: { key: 'deal crm a', payload } as PreparedRow['rejected'] & object });
const rows: readonly PreparedRow[] = [row('a'), row('b', null), rejected('{"x":1}'), row('c')];
const placed = (prepared: readonly PreparedRow[]) => prepared.map((each, index) => ({ place: index + 1, prepared: each }));
const changed = () => new Error('changed');
const start = () => createLane({ lane: 0, committedThrough: 0, rollingHash: emptyHash() }, changed);

describe('a lane', () => {
  test('knows its rows again, however they were divided into chunks', () => {
    const atOnce = start().extend(placed(rows));
    const lane = start();
    lane.extend(placed(rows.slice(0, 1)));
    lane.committed(1);
    // Rows that are not committed are not counted in.
    lane.extend(placed(rows.slice(2)));
    expect(lane.extend(placed(rows.slice(1)))).toBe(atOnce);

    const resumed = createLane({ lane: 0, committedThrough: 4, rollingHash: atOnce }, changed);
    expect(rows.map((each, index) => resumed.skips(index + 1, each))).toEqual([true, true, true, true]);
    resumed.verify();
    expect(resumed.skips(5, row('d'))).toBe(false);
    expect(resumed.extend(placed([row('d')]))).toBe(start().extend(placed([...rows, row('d')])));
  });

  test('knows a row again that lacks what its record may have, also when whoever sends it is masked no more', () => {
    const reject = () => ({ key: 'deal crm a', payload: '{"x":1}' });
    const lacking = (...errors: object[]) => row('a', 'h', { unseen: { lacking: errors, reject } });
    expect(start().extend(placed([lacking({ column: 'secret' })]))).toBe(start().extend(placed([rejected('{"x":1}')])));
    expect(start().extend(placed([lacking()]))).toBe(start().extend(placed([row('a')])));
  });

  test('refuses other rows, fewer rows, and says so once', () => {
    const rollingHash = start().extend(placed(rows));
    for (const others of [rows.slice(0, 3), [...rows.slice(0, 3), row('C')], [row('a'), row('b'), ...rows.slice(2)], [...rows].reverse()]) {
      const lane = createLane({ lane: 0, committedThrough: 4, rollingHash }, changed);
      others.forEach((each, index) => {
        lane.skips(index + 1, each);
      });
      expect(() => lane.verify()).toThrow('changed');
      expect(() => lane.verify()).not.toThrow();
    }
  });

  test.each([
    [{ source_version: '2' }, { source_version: '1' }],
    [{ occurred_at: '2017-03-02T00:00:00Z' }, { occurred_at: '2017-03-01T00:00:00Z' }],
    [{ business_priority: 'high' }, { business_priority: 'low' }],
    [{ source_version: '2017-03-01T00:00:00Z' }, { occurred_at: '2017-03-01T00:00:00Z' }],
    [{ source_version: '1' }, {}],
  ])('tells %j from %j, also of deletions', (place, other) => {
    for (const hash of ['h', null]) {
      const rollingHash = start().extend(placed([row('a', hash, place)]));
      const lane = createLane({ lane: 0, committedThrough: 1, rollingHash }, changed);
      lane.skips(1, row('a', hash, other));
      expect(() => lane.verify()).toThrow('changed');
    }
  });

  test('tells the rows of a record type and source system from the same rows of another', () => {
    const of = (key: string): readonly PreparedRow[] => [
      { record: { ...Object(row('a').record), key } },
      { rejected: { ...Object(rejected('{"x":1}').rejected), key } },
    ];
    for (const index of [0, 1]) {
      const only = (key: string) => of(key).slice(index, index + 1);
      const rollingHash = start().extend(placed(only('deal crm a')));
      const lane = createLane({ lane: 0, committedThrough: 1, rollingHash }, changed);
      for (const each of only('company crm a')) lane.skips(1, each);
      expect(() => lane.verify()).toThrow('changed');
    }
  });

  test('that another version began, whose prints had no target, goes on with its prints', () => {
    const begun = createHash('sha256').update('a h\n{"x":1}\n').digest('base64url').slice(0, 22);
    const lane = createLane({ lane: 0, committedThrough: 2, rollingHash: begun }, changed);
    [row('a'), rejected('{"x":1}')].forEach((each, index) => {
      lane.skips(index + 1, each);
    });
    lane.verify();
    const further = createHash('sha256').update('a h\n{"x":1}\nb h\n').digest('base64url').slice(0, 22);
    expect(lane.extend(placed([row('b')]))).toBe(further);
  });

  test('of many thousand rows keeps none of them', () => {
    const many = Array.from({ length: 2_500 }, (_, index) => row(`${index}`));
    const rollingHash = start().extend(placed(many));
    const lane = createLane({ lane: 3, committedThrough: 2_500, rollingHash }, changed);
    many.forEach((each, index) => {
      lane.skips(index + 1, each);
    });
    lane.verify();
    expect([lane.number, lane.committedThrough]).toEqual([3, 2_500]);
    lane.committed(2_600);
    expect(lane.committedThrough).toBe(2_600);
  });

  test('that begins has nothing to verify', () => {
    expect(() => start().verify()).not.toThrow();
  });
});
