import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { AUTH_MIGRATIONS } from '@sophia/auth/migrations';
import type { Database } from '@sophia/database';
import { migrate } from '@sophia/database/migrations';
import { createTestDatabase, type TestDatabase } from '@sophia/database/testing';
import { EVENT_LOG_MIGRATIONS } from '@sophia/event-log/postgres';
import type { JsonValue, WorkspaceId } from '@sophia/types';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CATALOG_MIGRATIONS } from './migrations.ts';

const WORKSPACE = 7 as WorkspaceId;
const OLD = ['0001_catalog.sql', '0002_seen_again.sql'];

let folder: string;
let testDatabase: TestDatabase;
let database: Database;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sophia-catalog-'));
  for (const name of OLD) await copyFile(fileURLToPath(new URL(name, CATALOG_MIGRATIONS.directory)), join(folder, name));
  const old = { module: CATALOG_MIGRATIONS.module, directory: pathToFileURL(`${folder}/`) };
  testDatabase = await createTestDatabase({ modules: [EVENT_LOG_MIGRATIONS, AUTH_MIGRATIONS, old] });
  database = await testDatabase.open('app');
});
afterEach(async () => {
  await testDatabase.close();
  await rm(folder, { recursive: true });
});

const run = async <Row extends object>(name: string, text: string, values: readonly unknown[] = []): Promise<readonly Row[]> =>
  (await database.write([WORKSPACE], (transaction) => database.query<Row>(transaction, { name, text }, [...values]))).value;

const keep = (state: string, sourceId: string | null, row: { readonly source_id?: JsonValue; readonly fields: object }) =>
  run(
    'test_keep_letter',
    `insert into dead_letter (workspace, state, record_type, source_system, source_id, line, code, errors, payload, fingerprint)
      values ($1, $2, 'deal', 'crm', $3, 1, 'invalid_money', '[]', $4, 'f')`,
    [WORKSPACE, state, sourceId, JSON.stringify(row)],
  );

const migrateAll = () => migrate(testDatabase.connection('owner'), [EVENT_LOG_MIGRATIONS, AUTH_MIGRATIONS, CATALOG_MIGRATIONS]);

test('letters that were repaired to another id are of the record that they name', async () => {
  const fields = { name: 'a\u0000b\ud800', path: '\\u0000' };
  await keep('repaired', '1', { source_id: '\u00a0Zoe\u0308 ', fields });
  await keep('replayed', null, { source_id: 2, fields });
  await keep('discarded', '3', { fields });
  await keep('repaired', '4', { source_id: 'D\u0000', fields });
  await keep('repaired', '5', { source_id: '\ud800', fields });
  await keep('repaired', '6', { source_id: ' ', fields });
  await keep('repaired', '7', { source_id: 'x'.repeat(501), fields });
  await keep('repaired', '8', { source_id: true, fields });
  await keep('repaired', '9', { source_id: '\\u0000', fields });
  await keep('open', '10', { source_id: '10', fields });

  expect((await migrateAll()).applied).toContain('catalog/0003_repaired_ids');
  const letters = await run<{ source_id: string }>('test_ids', 'select source_id from dead_letter order by id');
  expect(letters.map(({ source_id }) => source_id)).toEqual(['Zo\u00eb', '2', '3', '4', '5', '6', '7', '8', '\\u0000', '10']);
});

test('what an erasure missed for it is erased, but not what came after', async () => {
  await keep('repaired', '1', { source_id: '2', fields: { name: 'erased' } });
  await keep('repaired', '1', { source_id: '3', fields: { name: 'not erased' } });
  await run(
    'test_keep_records',
    `insert into record (workspace, version, id, created_at, updated_at, record_type, source_system, source_id, data, last_change, last_line)
      select $1::int, 2, nextval('record_id'), now(), now(), 'deal', 'crm', id, '{}', change::"char", 1 from (values ('2', 'e'), ('3', 'u')) as r (id, change)`,
    [WORKSPACE],
  );
  await keep('open', '2', { source_id: '2', fields: { name: 'later' } });

  await migrateAll();
  const letters = await run('test_letters', 'select source_id, state, payload::json as row from dead_letter order by id');
  expect(letters).toEqual([
    { source_id: '2', state: 'discarded', row: { fields: {} } },
    { source_id: '3', state: 'repaired', row: { source_id: '3', fields: { name: 'not erased' } } },
    { source_id: '2', state: 'open', row: { source_id: '2', fields: { name: 'later' } } },
  ]);
});
