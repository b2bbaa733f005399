import type { JsonValue } from '@sophia/types';
import { expect, test } from 'vitest';
import { hasColumn } from './has-column.ts';

const OWNER: JsonValue = {
  type: ['null', 'object'],
  properties: { email: { type: 'string' }, team: { type: 'object' }, tags: { type: 'array' } },
};

test.each<[string, JsonValue, boolean]>([
  ['owner', { owner: OWNER }, true],
  ['keeper', { owner: OWNER }, false],
  ['owner.email', { owner: OWNER }, true],
  ['owner.mail', { owner: OWNER }, false],
  ['keeper.email', { owner: OWNER }, false],
  ['owner.email.host', { owner: OWNER }, false],
  ['owner.team.name', { owner: OWNER }, true],
  ['owner.tags.first', { owner: OWNER }, false],
  ['owner.email', { owner: { anyOf: [{ type: 'null' }, OWNER] } }, true],
  ['owner.email', { owner: {} }, true],
  ['owner.email', { owner: { type: 'object', properties: {} } }, true],
  ['owner.email', { owner: { type: ['null', 'string'] } }, false],
  ['owner.email', { owner: 'no schema' }, false],
  ['owner.email', { 'owner.email': { type: 'string' } }, true],
  ['owner.toString', { owner: OWNER }, false],
  ['owner', 'no properties', false],
])('%s of %j: %j', (column, properties, expected) => {
  expect(hasColumn({ type: 'object', properties }, column)).toBe(expected);
});
