import { cp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
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

  it('that cannot be read are told as a problem, and take the models of no other file away', async () => {
    await addMetric('before');
    await expect.poll(own, LONG).toContain('before');
    const unreadable = join(folderOf('main'), 'unreadable.yaml');
    await symlink('nowhere', unreadable);
    await expect.poll(problems, LONG).toMatchObject([
      {
        workspace: test.workspace.id,
        problems: [{ path: unreadable, message: expect.stringContaining('the file cannot be read: Error: ENOENT') }],
      },
    ]);
    await test.platform.catalog.recordTypes.define(test.call, 'ticket', { type: 'object', properties: { hours: { type: 'integer' } } });
    expect((await test.ask({ metrics: ['before'] })).rows).toEqual([[1]]);
    await addMetric('of_the_other', 'other');
    await expect.poll(() => metrics(other), LONG).toContain('of_the_other');
    await rm(unreadable);
    await writeFile(join(folderOf('main'), 'latin.yaml'), Buffer.from('metrics: [] # K\xf6ln\n', 'latin1'));
    await expect.poll(problems, LONG).toMatchObject([{ problems: [{ message: 'the file is not UTF-8: save it as UTF-8' }] }]);
    await rm(join(folderOf('main'), 'latin.yaml'));
    await expect.poll(problems, LONG).toEqual([]);
  });

  it('are passed over where an editor or a file system keeps a file of its own beside them, and where they are a folder', async () => {
    await symlink('somebody@somewhere.4711', join(folderOf('main'), '.#deal.yaml'));
    await writeFile(join(folderOf('main'), '._deal.yaml'), Buffer.from([0, 5, 22, 7]));
    await mkdir(join(folderOf('main'), 'old.yaml'));
    await addMetric('besides');
    await expect.poll(own, LONG).toContain('besides');
    expect(await problems()).toEqual([]);
  });

  it('are those that Sophia brings where the workspace’s own are removed', async () => {
    await addMetric('own');
    await expect.poll(own, LONG).toContain('own');
    await rm(folderOf('main'), { recursive: true });
    await expect.poll(own, LONG).not.toContain('own');
    expect(await own()).toContain('deals_won');
  });
});
