import { createHash, randomUUID } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { parseConfiguration } from '@sophia/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPlatform } from '../create-platform.ts';
import { SAMPLE_FOLDER } from '../load-sample.ts';
import { openTestPlatform, type TestPlatform } from '../testing/test-platform.ts';
import { restoreDatabase } from './restore-backup.ts';

/** Rows that hardly pack, more than go into the buffers of a backup that nobody reads. */
const ROWS = Array.from({ length: 2_000 }, (_, at) => {
  const name = createHash('sha512').update(String(at)).digest('hex');
  return { line: at + 1, source_id: `d-${at}`, fields: { name, status: 'won', close_date: '2017-06-01', amount: '1', currency: 'USD' } };
});

describe('a backup', () => {
  let test: TestPlatform;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sophia-backup-'));
    test = await openTestPlatform();
    await test.platform.catalog.records.upsertMany(test.call, { recordType: 'deal', sourceSystem: 'test' }, ROWS);
  });
  afterAll(async () => {
    await test.close();
    await rm(folder, { recursive: true, force: true });
  });

  const read = async (backup: Readable): Promise<Buffer> => Buffer.concat(await backup.toArray());
  /** Processes of PostgreSQL that write a backup and have sent some of its rows. */
  const writing = () =>
    test.sql("select pid from pg_stat_activity where query like 'fetch % from backup_record' and state like 'idle in%'");
  /** A backup that stands still in its middle, because nobody reads it. */
  const standing = async (): Promise<Readable> => {
    const backup = test.platform.backup();
    await expect.poll(writing, { timeout: 20_000 }).toHaveLength(1);
    return backup;
  };

  it('holds the semantic models of every workspace as they are, and gives them back', async () => {
    const models = join(test.platform.configuration.dataDirectory, 'models');
    await cp(join(SAMPLE_FOLDER, 'models'), join(models, 'main'), { recursive: true });
    await writeFile(join(models, 'main', 'more.yaml'), '# „Umsätze“\nmetrics: [{ name: own_metric, type: simple, measure: won_deals }]\n');
    await mkdir(join(models, 'of another'));
    await writeFile(join(models, 'of another', 'later.yaml'), '');

    const bytes = await read(test.platform.backup());
    const configuration = parseConfiguration({
      env: {},
      arguments: { 'data-dir': join(folder, randomUUID()) },
      file: 'log:\n  level: error\n',
    });
    const { observability } = test.platform;
    await restoreDatabase({ configuration, backup: Readable.from([bytes]), logger: observability.logger });
    const restored = join(configuration.dataDirectory, 'models');
    const filesIn = async (root: string) => {
      const entries = (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
      const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
      return Promise.all(paths.map(async (path) => [path.slice(root.length), await readFile(path, 'utf8')]));
    };
    expect(await filesIn(restored)).toEqual(await filesIn(models));
    expect((await stat(restored)).mode & 0o777).toBe(0o700);

    const platform = await createPlatform({ configuration, version: 'test', observability });
    try {
      const rows = async () => JSON.parse((await platform.analytics.ask(test.call, { metrics: ['own_metric'] })).bytes.toString()).rows;
      await expect.poll(rows, { timeout: 20_000 }).toEqual([[ROWS.length]]);
    } finally {
      await platform.close();
    }
  });

  it('whose connection is lost in its middle fails, and does not begin a second time behind what was written', async () => {
    const backup = await standing();
    const [{ pid } = {}] = await writing();
    await test.sql('select pg_terminate_backend($1)', [pid]);
    await expect(read(backup)).rejects.toThrow('The connection was lost while the backup was written.');
    expect((await read(test.platform.backup())).length).toBeGreaterThan(0);
  });

  it('that nobody reads any more lets its connection go', async () => {
    const backup = await standing();
    backup.destroy();
    await expect.poll(writing, { timeout: 20_000 }).toHaveLength(0);
  });
});
