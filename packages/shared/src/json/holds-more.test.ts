import { describe, expect, it } from 'vitest';
import { holdsMore } from './holds-more.ts';

const times = (count: number, of: (index: number) => string): string => Array.from({ length: count }, (_, index) => of(index)).join(',');

describe('a JSON text', () => {
  it.each([
    ['an object', `{${times(11, (index) => `"${index}":1`)}}`],
    ['a list', `[${'1'.repeat(20)},${times(10, () => '1')}]`],
    ['objects within each other', `${'{"a":'.repeat(11)}1${'}'.repeat(11)}`],
    ['lists within each other', `${'['.repeat(11)}${']'.repeat(11)}`],
  ])('holds more than ten members and values: %s', (_, text) => {
    expect(holdsMore(text, 10)).toBe(true);
    expect(holdsMore(text, 11)).toBe(false);
  });

  it.each([
    ['of few', `{${times(10, (index) => `"field ${index}":"value"`)}}`],
    ['of signs within texts', `{"a":"${'[{,'.repeat(20)}","b":"\\"${',\\\\'.repeat(20)}"}`],
    ['that is short', '[1,1]'],
  ])('holds no more than that: one %s', (_, text) => {
    expect(holdsMore(text, 10)).toBe(false);
  });
});
