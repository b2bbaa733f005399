import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Key, keyOf, lastPlace, upTo } from './portion-end.ts';

const recordOf = ([source_system, source_id]: Key) => ({ source_system, source_id });
const text = fc.string({ unit: fc.constantFrom('a', 'b', '\uffff', '\u{10000}'), minLength: 1, maxLength: 4 });
const bytes = ([system, id]: Key): Buffer => Buffer.from(`${system}\0${id}`);

test('a portion ends behind the first key of its edge, and not behind the last', () => {
  fc.assert(
    fc.property(fc.tuple(text, text), fc.tuple(text, text), (one, other) => {
      fc.pre(Buffer.compare(bytes(one), bytes(other)) < 0);
      const place = lastPlace([...one, ...other]);
      expect(upTo(place)(recordOf(one))).toBe(true);
      expect(one).not.toEqual(place);
      expect(upTo(other)(recordOf(place))).toBe(true);
    }),
  );
});

test('its place tells how keys begin, and none of them', () => {
  expect(lastPlace(['crm', 'ann@x.org', 'crm', 'anna@x.org'])).toEqual(['crm', 'anna']);
  expect(lastPlace(['crm', 'ann@x.org', 'erp', 'bob@x.org'])).toEqual(['e', '']);
  expect(lastPlace(['crm', '1', 'crm-old', '1'])).toEqual(['crm-', '']);
  expect(keyOf(recordOf(['crm', '1']))).toEqual(['crm', '1']);
});
