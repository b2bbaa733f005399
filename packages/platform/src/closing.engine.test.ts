import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openTestPlatform, type TestPlatform } from './testing/test-platform.ts';

let test: TestPlatform;
beforeEach(async () => {
  test = await openTestPlatform();
});
afterEach(() => test.close());

it('a platform closes although a batch waits for a rollup that is being made, and applies it at its next start', async () => {
  const { warehouse } = test.platform;
  const slow = 'create table rollup_slow as select count(*) from range(1000000000000) numbers where hash(range) % 7 = 3';
  const reads = [{ workspace: test.workspace.id, recordType: 'deal' }];
  const making = warehouse.setDerivedTables(
    [{ name: 'rollup_slow', fingerprint: '1', reads, create: [{ text: slow, parameters: [] }], refresh: [] }],
    test.workspace.id,
  );
  const givenUp = expect(making).rejects.toMatchObject({ code: 'warehouse_unavailable' });
  const apply = vi.spyOn(warehouse, 'apply');
  const token = await test.write('deal', 'waits', { name: 'waits' });
  await expect.poll(() => apply.mock.calls.some(([{ changes }]) => changes.length > 0), { timeout: 20_000 }).toBe(true);
  await test.restart();
  await givenUp;
  await test.platform.analytics.waitForWrite(token, 30_000);
});
