import { cp, mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestObservability } from '@sophia/observability/testing';
import type { Call } from '@sophia/types';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SAMPLE_FOLDER } from './load-sample.ts';
import { openTestPlatform, type TestPlatform } from './testing/test-platform.ts';

const deal = { status: 'won', amount: '1', currency: 'USD', close_date: '2017-06-01' };
const LONG = { timeout: 20_000 };

describe('semantic models that change while Sophia runs', () => {
  const observability = createTestObservability();
  let test: TestPlatform;
  let other: Call;

  beforeAll(async () => {
    test = await openTestPlatform({ observability });
    const workspace = await test.platform.auth.workspaces.ensure('other');
    await test.platform.workspaces.refresh();
    other = { ...test.call, principal: { ...test.call.principal, workspace: workspace.id, workspaceName: workspace.name } };
    await test.ask({ metrics: ['deals_won'] }, { after: await test.write('deal', 'first', deal) });
    await metrics(other);
  });
  beforeEach(async () => {
    for (const name of ['main', 'other']) await cp(join(SAMPLE_FOLDER, 'models'), folderOf(name), { recursive: true });
  });
  afterAll(() => test.close());

  const folderOf = (workspace: string): string => join(test.platform.configuration.dataDirectory, 'models', workspace);
  const addMetric = (name: string, workspace = 'main'): Promise<void> =>
    writeFile(join(folderOf(workspace), 'more.yaml'), `metrics: [{ name: ${name}, type: simple, measure: won_deals }]\n`);
  const metrics = async (call: Call): Promise<string[]> => (await test.platform.analytics.metrics(call)).map(({ name }) => name);
  const own = () => metrics(test.call);
  const problems = async () => (await test.platform.analytics.status()).problems;
  const lines = (msg: string) => observability.lines().filter((line) => line.msg === msg);

  it('are read again, and answers follow them', async () => {
    await addMetric('more_won');
    await expect.poll(own, LONG).toContain('more_won');
    expect((await test.ask({ metrics: ['more_won'] })).rows).toEqual([[1]]);
    expect(lines('semantic models were read again')).toContainEqual(expect.objectContaining({ workspace: 'main' }));
  });

  it('stay as they were while there are problems, which are told, until these are mended', async () => {
    await addMetric('before');
    await expect.poll(own, LONG).toContain('before');
    await writeFile(join(folderOf('main'), 'more.yaml'), 'metrics: [{ name: broken, type: simple, measure: nothing }]\n');
    await expect
      .poll(problems, LONG)
      .toMatchObject([{ workspace: test.workspace.id, problems: [{ path: join(folderOf('main'), 'more.yaml') }] }]);
    expect(lines('semantic models have problems; files that bring new ones are not taken')).toMatchObject([
      { level: 'error', workspace: 'main' },
    ]);
    expect((await test.ask({ metrics: ['before'] })).rows).toEqual([[1]]);
    await addMetric('mended');
    await expect.poll(own, LONG).toContain('mended');
    expect([await problems(), (await own()).includes('before')]).toEqual([[], false]);
  });

  it('that cannot be read are looked at again, and do not keep those of other workspaces from being read', async () => {
    const unreadable = join(folderOf('main'), 'unreadable.yaml');
    await mkdir(unreadable);
    await expect.poll(() => lines('semantic models could not be looked at').length, LONG).toBeGreaterThan(0);
    await addMetric('of_the_other', 'other');
    await expect.poll(() => metrics(other), LONG).toContain('of_the_other');
    expect(await own()).not.toContain('of_the_other');
    await addMetric('readable');
    await rmdir(unreadable);
    await expect.poll(own, LONG).toContain('readable');
  });

  it('are those that Sophia brings where the workspace’s own are removed', async () => {
    await addMetric('own');
    await expect.poll(own, LONG).toContain('own');
    await rm(folderOf('main'), { recursive: true });
    await expect.poll(own, LONG).not.toContain('own');
    expect(await own()).toContain('deals_won');
  });
});
