import { cp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { SAMPLE_FOLDER } from './load-sample.ts';
import { whileHeld } from './testing/set-aside.ts';
import { openTestPlatform, type TestPlatform } from './testing/test-platform.ts';

const WON = { metrics: ['deals_won'] };
const deal = { status: 'won', amount: '1', currency: 'USD', close_date: '2017-06-01' };

let test: TestPlatform;
beforeAll(async () => {
  test = await openTestPlatform();
});
afterAll(() => test.close());

const won = async (after?: string) => Number((await test.ask(WON, { after })).rows[0]?.[0]);

it('answers are dropped by a batch whose models are wrong from the start, and are given when these are mended', async () => {
  const models = join(test.platform.configuration.dataDirectory, 'models', 'main');
  await cp(join(SAMPLE_FOLDER, 'models'), models, { recursive: true });
  const wrong = join(models, 'wrong.yml');
  await symlink('nowhere', wrong);
  await expect(test.ask(WON)).rejects.toMatchObject({ code: 'semantic_model_invalid', message: expect.stringContaining(wrong) });
  const after = await whileHeld(test, async () => {
    await test.platform.catalog.recordTypes.define(test.call, 'ticket', { type: 'object', properties: { hours: { type: 'integer' } } });
    return test.write('deal', 'first', deal);
  });
  await expect(test.ask(WON, { after })).rejects.toMatchObject({ code: 'semantic_model_invalid' });
  await rm(wrong);
  await test.platform.analytics.reloadModels(test.workspace.id);
  expect(await won(after)).toBe(1);
});

it('answers are dropped by a batch that fails after it was applied, which is not handed over again', async () => {
  const { catalog, auth } = test.platform;
  const before = await won(await test.write('deal', 'cached', deal));
  expect([await won(), (await test.ask(WON)).cache.tier]).toEqual([before, 'L1']);

  const { failing, after } = await whileHeld(test, async () => {
    await catalog.recordTypes.define(test.call, 'visit', { type: 'object', properties: { hours: { type: 'integer' } } });
    // Whoever first reads the types that changed has policies forgotten, too.
    await catalog.recordTypes.list(test.call);
    const spied = vi.spyOn(auth.policies, 'forget').mockImplementationOnce(() => {
      throw new Error('it fails once');
    });
    return { failing: spied, after: await test.write('deal', 'of the batch', deal) };
  });
  expect(await won(after)).toBe(before + 1);
  expect(failing).toHaveBeenCalled();
  failing.mockRestore();
});

it('a question in memory whose metric is gone is left to the ordinary way, which refuses it', async () => {
  const { analytics, configuration } = test.platform;
  const models = join(configuration.dataDirectory, 'models', 'main');
  await cp(join(SAMPLE_FOLDER, 'models'), models, { recursive: true });
  await writeFile(join(models, 'more.yaml'), 'metrics: [{ name: more_won, type: simple, measure: won_deals }]');
  await analytics.reloadModels(test.workspace.id);
  const query = { metrics: ['more_won'] };
  await test.ask(query);
  analytics.remember(test.call, 'more', query);
  expect(analytics.peek(test.call, 'more')).toBeDefined();

  await rm(join(models, 'more.yaml'));
  await analytics.reloadModels(test.workspace.id);
  expect(analytics.peek(test.call, 'more')).toBeUndefined();
  await expect(test.ask(query)).rejects.toMatchObject({ code: 'unknown_metric' });
});
