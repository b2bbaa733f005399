import { expect, it } from 'vitest';
import { createRememberedBodies } from './remembered-bodies.ts';

const LONGEST = 16_384;
const query = { metrics: ['revenue'] };

it('bodies are found again as they were sent, those that are too long are not kept', () => {
  const bodies = createRememberedBodies();
  const [longest, tooLong] = ['q'.repeat(LONGEST), 'q'.repeat(LONGEST + 1)];
  for (const body of [longest, tooLong]) bodies.remember(body, query);
  expect([bodies.find(longest), bodies.find(tooLong), bodies.find('q')]).toEqual([query, undefined, undefined]);
});
