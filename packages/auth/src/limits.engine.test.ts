import { whileLocked } from '@sophia/database/testing';
import type { Call } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuthHarness, createAuthHarness } from './testing/auth-harness.ts';

describe('administration takes no longer than its caller may wait:', () => {
  let harness: AuthHarness;
  let key: string;
  beforeAll(async () => {
    harness = await createAuthHarness();
    key = (await harness.makeKey()).key.id;
  });
  afterAll(() => harness.close());

  const ways: readonly (readonly [table: string, begin: (call: Call) => Promise<unknown>[]])[] = [
    [
      'api_key',
      (call) => [
        harness.auth.keys.list(call),
        harness.auth.keys.create(call, { name: 'a key', role: 'viewer' }),
        harness.auth.keys.revoke(call, key),
      ],
    ],
    [
      'workspace',
      (call) => [
        harness.auth.workspaces.list(call),
        harness.auth.workspaces.create(call, 'another'),
        harness.auth.workspaces.configure(call, { week_start: 'sunday' }),
      ],
    ],
    ['policy', (call) => [harness.auth.policies.rules(call), harness.auth.policies.replace(call, [])]],
    ['audit_entry', (call) => [harness.auth.audit.list(call)]],
    ['audit_tick', (call) => [harness.auth.audit.follow(call)]],
  ];
  it.each(ways)('%s', async (table, begin) => {
    const brief = { ...harness.owner, deadline: 200 };
    const gone = { ...harness.owner, signal: AbortSignal.timeout(200) };
    const ends = await whileLocked(harness, table, () => [...begin(brief), ...begin(gone)]);
    const codes = ends.map((end) => Object(end).code ?? Object(end).name);
    const half = codes.length / 2;
    expect(codes.slice(0, half)).toEqual(Array(half).fill('deadline_exceeded'));
    for (const end of ends.slice(half)) expect(end).toBe(gone.signal.reason);
  });
});
