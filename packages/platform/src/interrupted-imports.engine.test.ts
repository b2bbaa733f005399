import type { ImportItem } from '@sophia/catalog';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestPlatform, type TestPlatform } from './testing/test-platform.ts';

const WON = { metrics: ['deals_won'] };
const OPTIONS = { name: 'crm', kind: 'file', sourceSystem: 'crm' } as const;

let test: TestPlatform;
beforeAll(async () => {
  test = await openTestPlatform();
});
afterAll(() => test.close());

/** So many won deals, then what the source waits for. */
async function* deals(count: number, then: Promise<void> = Promise.resolve()): AsyncGenerator<ImportItem> {
  const fields = { status: 'won', amount: '1', currency: 'USD', close_date: '2017-06-01' };
  const rows = Array.from({ length: count }, (_, at) => ({ line: at + 1, source_id: `deal-${at}`, fields }));
  yield { kind: 'rows', target: { recordType: 'deal', sourceSystem: 'crm' }, rows };
  await then;
}

const answer = async () => {
  const { rows, freshness } = await test.ask(WON);
  return [rows[0]?.[0], freshness.state, ...freshness.sources.map(({ source_system, state }) => `${source_system} ${state}`)];
};

it('a source whose import was interrupted is not fresh, also after a restart, until the import is resumed', async () => {
  const gone = new AbortController();
  const call = { ...test.call, signal: gone.signal };
  const { id, finished } = await test.platform.catalog.imports.start(call, OPTIONS, deals(2, new Promise(() => undefined)));
  await expect.poll(answer).toEqual([2, 'complete', 'crm fresh']);
  gone.abort(new Error('The sender went away.'));
  await expect(finished).rejects.toThrow('The sender went away.');
  await expect.poll(answer).toEqual([2, 'complete', 'crm failed']);

  await test.restart();
  expect(await answer()).toEqual([2, 'complete', 'crm failed']);
  await (await test.platform.catalog.imports.start(test.call, { ...OPTIONS, resume: id }, deals(3))).finished;
  await expect.poll(answer).toEqual([3, 'complete', 'crm fresh']);
});
