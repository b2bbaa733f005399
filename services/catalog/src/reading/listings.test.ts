import type { Call, Principal, WorkspaceId } from '@sophia/types';
import { expect, test } from 'vitest';
import { createListings } from './listings.ts';

const callOf = (id: string, deadline?: number): Call => ({
  principal: { id, name: id, role: 'analyst', workspace: 1 as WorkspaceId, workspaceName: 'w' } satisfies Principal,
  via: 'rest',
  deadline,
});

test('principals take turns, so that one with many pages keeps nobody waiting for all of them', async () => {
  const inTurn = createListings();
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const page = (id: string) => inTurn(callOf(id), () => gate.promise.then(() => void order.push(id)));
  const all = [...Array.from({ length: 50 }, () => page('many')), page('few')];
  gate.resolve();
  await Promise.all(all);
  expect(order).toHaveLength(51);
  expect(order.indexOf('few')).toBeLessThan(20);
});

test('a page that does not get its turn in time is given up, and its place is not lost', async () => {
  const inTurn = createListings();
  const gate = Promise.withResolvers<void>();
  const held = [...Array.from({ length: 7 }, () => 'many'), 'another'].map((id) => inTurn(callOf(id), () => gate.promise));
  await expect(inTurn(callOf('few', 1), async () => 'read')).rejects.toMatchObject({ code: 'deadline_exceeded' });
  gate.resolve();
  await Promise.all(held);
  expect(await inTurn(callOf('few'), async () => 'read')).toBe('read');
});
