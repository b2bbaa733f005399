import { expect, it } from 'vitest';
import { systemClock } from './clock.ts';
import { createIdGenerator, isGeneratedId } from './ids.ts';
import { createTestClock } from './testing/index.ts';

it('ids are ULIDs: the time in milliseconds, then chance', () => {
  const clock = createTestClock(1_469_918_176_385);
  const id = createIdGenerator({ clock, random: (bytes) => bytes.fill(0) })();
  // The example of the ULID specification for this time begins so.
  expect(id).toBe('01ARYZ6S410000000000000000');
});

it('grow within one generator, also when the clock stands or goes back', () => {
  const clock = createTestClock(1_000_000);
  const next = createIdGenerator({ clock });
  const ids: string[] = [];
  for (let index = 0; index < 3_000; index++) {
    if (index % 500 === 0) clock.advance(1);
    if (index === 2_000) clock.jump(-60_000);
    ids.push(next());
  }
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.every(isGeneratedId)).toBe(true);
  expect(['', '0', `${ids[0]}0`, ids[0]?.toLowerCase() ?? ''].some(isGeneratedId)).toBe(false);
});

it('count on over the end of the low half', () => {
  const next = createIdGenerator({ clock: createTestClock(1), random: (bytes) => bytes.fill(255) });
  const [first, second] = [next(), next()];
  expect(first.slice(10)).toBe('FZZZZZZZZZZZZZZZ');
  expect(second.slice(10)).toBe('G000000000000000');
});

it('differ between generators', () => {
  const one = createIdGenerator({ clock: systemClock });
  const other = createIdGenerator({ clock: systemClock });
  expect(one()).not.toBe(other());
});
