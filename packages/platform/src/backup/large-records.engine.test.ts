import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { zstdCompressSync } from 'node:zlib';
import { PAGE_BYTES } from '@sophia/database';
import { parseConfiguration } from '@sophia/shared';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../open-database.ts';
import { openTestPlatform, type TestPlatform } from '../testing/test-platform.ts';
import { restoreDatabase } from './restore-backup.ts';
import { writeBackup } from './write-backup.ts';

const LARGE = 950_000;
const TEXT = 'lorem ipsum '.repeat(LARGE / 12).trim();
const DOCUMENTS = Array.from({ length: 24 }, (_, at) => ({ line: at + 1, source_id: `d-${at}`, fields: { title: `${at}`, text: TEXT } }));
/** Each of about 8 MB. */
const PAGES = (DOCUMENTS.length * LARGE) / (PAGE_BYTES + LARGE);

describe('an installation with large records', () => {
  let test: TestPlatform;
  let folder: string;
  const pieces: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sophia-large-'));
    test = await openTestPlatform();
    const { records } = test.platform.catalog;
    for (const from of [0, 8, 16]) {
      await records.upsertMany(test.call, { recordType: 'document', sourceSystem: 'test' }, DOCUMENTS.slice(from, from + 8));
    }
    await test.platform.caughtUp();
    const { owner, configuration } = test.platform;
    const source = { owner, version: 'test', modelsDirectory: join(configuration.dataDirectory, 'models') };
    await writeBackup(
      source,
      async (text) => {
        pieces.push(text);
      },
      new AbortController().signal,
    );
  });
  afterAll(async () => {
    await test.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('is backed up in pieces of about 8 MB, and restored in such', async () => {
    expect(pieces.filter(({ length }) => length > LARGE).length).toBeGreaterThan(2);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(PAGE_BYTES + 2 * LARGE);

    const configuration = parseConfiguration({
      env: {},
      arguments: { 'data-dir': join(folder, 'restored') },
      file: 'log:\n  level: error\n',
    });
    const { logger } = test.platform.observability;
    await restoreDatabase({ configuration, backup: Readable.from([zstdCompressSync(pieces.join(''))]), logger });
    const database = await openDatabase(configuration.database, logger);
    const client = new pg.Client({ ...database.connection('owner') });
    await client.connect();
    try {
      await client.query(`select set_config('sophia.workspaces', $1, false)`, [`${test.workspace.id}`]);
      for (const documents of [
        "record where record_type = 'document'",
        "event where record_type = 'document' and kind = 'record.created'",
      ]) {
        const { rows } = await client.query<{ records: number; transactions: number }>(
          `select count(*)::int as records, count(distinct xmin::text)::int as transactions from ${documents} and data->>'text' = $1`,
          [TEXT],
        );
        expect(rows, documents).toEqual([{ records: DOCUMENTS.length, transactions: expect.any(Number) }]);
        expect(rows[0]?.transactions, documents).toBeGreaterThanOrEqual(PAGES);
      }
    } finally {
      await client.end();
      await database.close();
    }
  });

  it('has its warehouse made anew', async () => {
    expect(await test.platform.analytics.rebuild(test.call)).toMatchObject({ events: expect.any(Number) });
  });
});
