import { readFile } from 'node:fs/promises';
import { compileRowValidator } from '@sophia/core';
import { BUILTIN_RECORD_TYPES, type JsonObject } from '@sophia/types';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { ImportRow } from './import-item.ts';
import { mapSource, plainItems } from './import-source.ts';
import { findMapping } from './mapping/match-mapping.ts';
import { parseMapping } from './mapping/parse-mapping.ts';
import { openSource } from './read/open-source.ts';
import { chunks, collectEach } from './testing/chunks.ts';

const SAMPLE = new URL('../../../samples/crm/', import.meta.url);

interface Manifest {
  readonly reporting_date: string;
  readonly imports: readonly { readonly file: string; readonly mapping: string }[];
}

async function importSample() {
  const manifest: Manifest = parse(await readFile(new URL('sample.yaml', SAMPLE), 'utf8'));
  const mappings = await Promise.all(
    manifest.imports.map(async ({ mapping }) =>
      parseMapping(await readFile(new URL(mapping, SAMPLE), 'utf8'), mapping, BUILTIN_RECORD_TYPES),
    ),
  );
  const imported = new Map<string, readonly ImportRow[]>();
  for (const { file } of manifest.imports) {
    const source = await openSource({ kind: 'file', path: new URL(file, SAMPLE).pathname });
    const mapping = findMapping(mappings, source);
    const definition = BUILTIN_RECORD_TYPES.find((type) => type.name === mapping?.record_type);
    if (mapping === undefined || definition === undefined) throw new Error(`There is no mapping for ${file}.`);
    const { items } = await mapSource(source, mapping, definition);
    const rows = (await collectEach(items)).flatMap((item) => (item.kind === 'rows' ? item.rows : []));
    imported.set(definition.name, rows);
    await source.close();
  }
  return { manifest, imported };
}

describe('the sample workspace', async () => {
  const { manifest, imported } = await importSample();
  const data = (type: string): readonly JsonObject[] => {
    const definition = BUILTIN_RECORD_TYPES.find((each) => each.name === type);
    if (definition === undefined) throw new Error(type);
    const validate = compileRowValidator(definition);
    return (imported.get(type) ?? []).map((row) => {
      const { row: valid, errors } = validate(row);
      if (valid === undefined || row.errors !== undefined) throw new Error(JSON.stringify(errors ?? row.errors));
      return valid.data;
    });
  };
  const repairs = (type: string) => {
    const counts: Record<string, number> = {};
    for (const rule of (imported.get(type) ?? []).flatMap((row) => row.repairs ?? [])) counts[rule] = (counts[rule] ?? 0) + 1;
    return counts;
  };

  test('has all its rows, none rejected, in an order in which references find their records', () => {
    expect([...imported].map(([type, rows]) => [type, rows.length])).toEqual([
      ['user', 35],
      ['product', 7],
      ['company', 85],
      ['deal', 8800],
    ]);
    expect(manifest.reporting_date).toBe('2017-12-31');
    const ids = (type: string) => new Set((imported.get(type) ?? []).map((row) => row.source_id));
    for (const deal of data('deal')) {
      expect(ids('user').has(deal.owner)).toBe(true);
      expect(ids('product').has(deal.product)).toBe(true);
      expect(deal.company_id === undefined || ids('company').has(deal.company_id)).toBe(true);
    }
    for (const company of data('company')) expect(company.parent_id === undefined || ids('company').has(company.parent_id)).toBe(true);
  });

  test('has the facts that are known of it', () => {
    const deals = data('deal');
    const count = (status: string, stage?: string) =>
      deals.filter((deal) => deal.status === status && (stage ?? deal.stage) === deal.stage).length;
    expect([count('won'), count('lost'), count('open', 'Engaging'), count('open', 'Prospecting')]).toEqual([4238, 2473, 1589, 500]);
    const won = deals.filter((deal) => deal.status === 'won').reduce((sum, deal) => sum + Number(deal.amount), 0);
    expect(won).toBe(10_005_534);
    expect(deals.filter((deal) => deal.company_id === undefined)).toHaveLength(1425);
    expect(deals.filter((deal) => deal.status === 'lost').every((deal) => deal.amount === '0')).toBe(true);
    expect(deals.filter((deal) => deal.status === 'open').every((deal) => deal.amount === undefined)).toBe(true);
    expect(deals[0]).toEqual({
      stage: 'Won',
      status: 'won',
      owner: 'Moses Frase',
      product: 'GTX Plus Basic',
      company_id: 'Cancity',
      engaged_on: '2016-10-20',
      close_date: '2017-03-01',
      amount: '1054',
      currency: 'USD',
    });
    expect(data('company')[0]).toEqual({
      name: 'Acme Corporation',
      industry: 'technology',
      annual_revenue: '1100040000',
      currency: 'USD',
      employees: 2822,
      country: 'United States',
      founded_year: 1996,
    });
    expect(data('user')[0]).toEqual({ name: 'Anna Snelling', team: 'Dustin Brinkmann', manager: 'Dustin Brinkmann', office: 'Central' });
    expect(data('product')[1]).toEqual({ name: 'GTX Pro', series: 'GTX', list_price: '4821', currency: 'USD' });
  });

  test('tells what was repaired, and keeps the raw values', () => {
    expect(repairs('deal')).toEqual({ product_spelling: 1480 });
    expect(repairs('company')).toEqual({ sector_spelling: 12, country_spelling: 1 });
    expect((imported.get('deal') ?? []).filter((row) => row.original?.product === 'GTXPro')).toHaveLength(1480);
  });
});

describe('a source is closed', () => {
  const target = { recordType: 'deal', sourceSystem: 'crm' };
  const open = async (content: string, failAt = Number.POSITIVE_INFINITY) => {
    const state = { isClosed: false };
    async function* stream() {
      try {
        for (let count = 0; ; count += 1) {
          if (count >= failAt) throw new Error('cut');
          yield Buffer.from(content);
        }
      } finally {
        state.isClosed = true;
      }
    }
    return {
      state,
      source: await openSource({ kind: 'stream', stream: stream(), contentType: 'application/x-ndjson' }, { sampleRows: 0 }),
    };
  };

  test('when its items are left, even unread', async () => {
    const unread = await open('{"source_id":1}\n');
    await plainItems(unread.source, target)[Symbol.asyncIterator]().return?.();
    expect(unread.state.isClosed).toBe(true);
    const left = await open('{"source_id":1}\n');
    for await (const item of plainItems(left.source, target)) {
      expect(item.kind).toBe('rows');
      break;
    }
    expect(left.state.isClosed).toBe(true);
  });

  test('when it fails, or its mapping does', async () => {
    const failing = await open('{"source_id":1}\n', 3);
    await expect(collectEach(plainItems(failing.source, target))).rejects.toThrow('cut');
    expect(failing.state.isClosed).toBe(true);
    const mapping = parseMapping(
      'source_system: crm\nrecord_type: deal\nsource_id: id\nfields: { close_date: day }',
      'm.yaml',
      BUILTIN_RECORD_TYPES,
    );
    const [deal] = BUILTIN_RECORD_TYPES;
    if (deal === undefined) throw new Error('There is the type deal.');
    let isClosed = false;
    async function* table() {
      try {
        for (;;) yield Buffer.from('id,day\n1,1/2/2017\n'.padEnd(1000));
      } finally {
        isClosed = true;
      }
    }
    const source = await openSource(
      { kind: 'stream', stream: table() },
      { sampleRows: 10, delimiter: undefined, quote: undefined, escaping: undefined, header: undefined },
    );
    await expect(mapSource(source, mapping, deal)).rejects.toMatchObject({ code: 'ambiguous_date_format' });
    expect(isClosed).toBe(true);
  });
});

test('rows that need no mapping go through by their names, with the bytes read so far', async () => {
  const content = 'source_id,name\n1,a\n2,b,c\n';
  const source = await openSource({ kind: 'stream', stream: chunks(content), contentType: 'text/csv' });
  const target = { recordType: 'deal', sourceSystem: 'crm' };
  expect(await collectEach(plainItems(source, target))).toMatchObject([
    {
      kind: 'rows',
      target,
      bytesRead: content.length,
      rows: [
        { line: 2, source_id: '1', fields: { name: 'a' } },
        { line: 3, errors: [{ code: 'wrong_column_count' }] },
      ],
    },
  ]);
});
