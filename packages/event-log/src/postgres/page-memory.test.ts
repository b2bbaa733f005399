import { expect, test } from 'vitest';
import { createPageMemory } from './page-memory.ts';

test('places are remembered, the oldest are forgotten first', () => {
  const memory = createPageMemory();
  for (let offset = 1; offset <= 1_200; offset++) memory.remember({ tick: 7, offset }, `${offset * 10}`);
  expect(memory.positionOf({ tick: 7, offset: 1_200 })).toBe('12000');
  expect(memory.positionOf({ tick: 7, offset: 201 })).toBe('2010');
  expect(memory.positionOf({ tick: 7, offset: 200 })).toBeUndefined();
  expect(memory.positionOf({ tick: 8, offset: 1_200 })).toBeUndefined();
});
