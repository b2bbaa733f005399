import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordTypeFromJsonSchema } from '@sophia/core';
import { BUILTIN_RECORD_TYPES, type JsonObject, type JsonValue } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImportItem } from '../import-item.ts';
import { parseMapping } from '../mapping/parse-mapping.ts';
import { createStreamOpener } from './open-streams.ts';
import { readSinger } from './read-singer.ts';
import { runTap } from './run-tap.ts';

const ROOT = new URL('../../../../', import.meta.url).pathname;
const SAMPLE = join(ROOT, 'samples/crm');
const program = (tap: string, version: string): string => join(ROOT, '.cache/singer', `${tap}-${version}`, 'bin', tap);

/** `./sophia test` puts the taps there; without them a person's machine skips what needs them, and CI fails. */
function needed(path: string): boolean {
  if (existsSync(path)) return true;
  if (process.env.CI) throw new Error(`There is no ${path}: ./sophia test installs it.`);
  console.log(`skipped: there is no ${path}; ./sophia test installs it`);
  return false;
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sophia-singer-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function runAndRead(command: string, config: JsonObject, state?: JsonValue) {
  const mappings = await Promise.all(
    ['products', 'sales-teams'].map(async (name) =>
      parseMapping(await readFile(join(SAMPLE, 'mappings', `${name}.yaml`), 'utf8'), name, BUILTIN_RECORD_TYPES),
    ),
  );
  const { open: openStream } = createStreamOpener({
    sourceSystem: 'tap',
    mappings,
    recordTypes: BUILTIN_RECORD_TYPES,
    define: async (name, schema) => {
      const { definition, problems } = recordTypeFromJsonSchema(name, schema);
      if (definition === undefined) throw new Error(JSON.stringify(problems));
      return definition;
    },
  });
  const directory = join(folder, 'run');
  const log: string[] = [];
  const tap = await runTap({
    command: [command],
    config,
    state,
    directory,
    environment: { PATH: '/usr/bin:/bin' },
    log: (line) => log.push(line),
  });
  const items: ImportItem[] = [];
  try {
    for await (const item of readSinger(tap.output, { openStream })) items.push(item);
  } finally {
    await tap.close();
  }
  expect(await readdir(directory)).toEqual([]);
  const rows = items.flatMap((item) => (item.kind === 'rows' ? item.rows.map((row) => ({ type: item.target.recordType, ...row })) : []));
  return { items, rows, log, last: items.at(-1) };
}

const CSV_FOLDER = program('tap-csv-folder', '0.0.1a1');
const JSONL = program('tap-jsonl', '0.3.1');

describe.runIf(needed(CSV_FOLDER))('tap-csv-folder', () => {
  test('its streams are mapped by their names and columns, its state comes last', async () => {
    const input = join(folder, 'csv');
    await mkdir(input);
    for (const file of ['products.csv', 'sales_teams.csv']) await copyFile(join(SAMPLE, 'data', file), join(input, file));
    const { rows, log, last } = await runAndRead(CSV_FOLDER, { path: input, filesystem: 'local', read_mode: 'one_stream_per_file' });
    expect(rows.filter((row) => row.type === 'product').map((row) => row.source_id)).toContain('GTX Pro');
    expect(rows.filter((row) => row.type === 'user')).toHaveLength(35);
    expect(rows[0]?.fields).toEqual({ name: 'GTX Basic', series: 'GTX', list_price: '550', currency: 'USD' });
    expect(last).toMatchObject({ kind: 'state', state: { bookmarks: { products: {}, sales_teams: {} } } });
    expect(log.join('\n')).toContain('products');
  });
});

describe.runIf(needed(JSONL))('tap-jsonl', () => {
  test('a stream without a mapping becomes a type of its own; from its state it goes on', async () => {
    const input = join(folder, 'jsonl');
    await mkdir(input);
    const lines = Array.from({ length: 2000 }, (_, id) => JSON.stringify({ id, name: `n${id}`, changedAt: '2017-03-01T10:00:00Z' }));
    await writeFile(join(input, 'a.jsonl'), `${lines.join('\n')}\n`);
    const config = { path: `${input}/*.jsonl`, stream_name: 'things', primary_keys: ['id'] };
    const first = await runAndRead(JSONL, config);
    expect(first.rows).toHaveLength(2000);
    expect(first.rows[7]).toMatchObject({ type: 'things', source_id: 7, fields: { name: 'n7', changed_at: '2017-03-01T10:00:00Z' } });
    expect(first.last?.kind).toBe('state');
    const state = first.last?.kind === 'state' ? first.last.state : null;
    const second = await runAndRead(JSONL, config, state);
    expect(second.rows.length).toBeLessThanOrEqual(2000);
  });

  test('a configuration that it refuses is told', async () => {
    await expect(runAndRead(JSONL, {})).rejects.toMatchObject({
      code: 'tap_failed',
      message: expect.stringContaining("'path' is a required property"),
    });
  });
});
