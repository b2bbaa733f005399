import type { Call } from '@sophia/types';
import { expect, test } from 'vitest';
import { actorOf, causeOf } from './attribution.ts';

const principal = { id: 'key:1' } as Call['principal'];

test('a change is attributed to whoever made it and what led to it, as far as it is known', () => {
  expect(actorOf({ principal, via: 'rest' })).toEqual({ principal: 'key:1', via: 'rest' });
  expect(actorOf({ principal: { ...principal, onBehalfOf: 'user:ada' }, via: 'system' })).toEqual({
    principal: 'key:1',
    via: 'system',
    on_behalf_of: 'user:ada',
  });
  expect(causeOf({})).toEqual({});
  expect(causeOf({ request: 'r' }, 'p')).toEqual({ request: 'r', proposal: 'p' });
});
