import { type FieldDefinition, type FieldType, RESERVED_NAMES } from '@sophia/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogScript, type LogScript, ONE, objectsOf, select, TWO, timeOf, versions, workspaceId } from './testing/log-script.ts';
import type { WarehouseHarness } from './testing/warehouse-harness.ts';
import type { Warehouse } from './warehouse.ts';

const field = (name: string, type: FieldType): FieldDefinition => ({ name, type });

/** How types change while the warehouse is in use. */
export const evolutionContract = (makeHarness: () => Promise<WarehouseHarness>): void => {
  describe('type evolution', () => {
    let harness: WarehouseHarness;
    let warehouse: Warehouse;
    let log: LogScript;

    beforeEach(async () => {
      harness = await makeHarness();
      warehouse = await harness.open();
      log = createLogScript();
    });
    afterEach(async () => {
      await warehouse.close();
      await harness.close();
    });

    const reopen = async () => {
      await warehouse.close();
      warehouse = await harness.open();
    };

    it('W1: a new type is there from its definition on, in its workspace only, and after a restart', async () => {
      await warehouse.apply(
        log.next(
          log.define('visit', [field('place', 'text'), field('guest', 'reference')]),
          log.upsert(1, { place: 'Oslo', guest: 'g1' }, { type: 'visit' }),
        ),
      );
      await reopen();
      expect(warehouse.layout(ONE, 'visit')).toMatchObject({ table: 'x_1_visit', extensionTable: undefined });
      expect(warehouse.layout(TWO, 'visit')).toBeUndefined();
      expect(await select(warehouse, 'id, place, guest, guest__system', { type: 'visit' })).toEqual([
        { id: 1, place: 'Oslo', guest: 'g1', guest__system: 'crm' },
      ]);
      expect(objectsOf(await warehouse.query({ text: 'select record_type, source_id from unified_data_catalog', parameters: [] }))).toEqual(
        [{ record_type: 'visit', source_id: 'visit-1' }],
      );
    });

    it('W1: a definition that a refused batch brings is not there', async () => {
      const batch = log.next(log.define('visit', [field('place', 'text')]), log.upsert(1, { place: 7 }, { type: 'visit' }));
      await expect(warehouse.apply(batch)).rejects.toMatchObject({ code: 'warehouse_row_refused' });
      expect(warehouse.layout(ONE, 'visit')).toBeUndefined();
      await reopen();
      expect(warehouse.layout(ONE, 'visit')).toBeUndefined();
    });

    it('W3: fields added to a built-in type are there now and as of then, for the workspace that added them', async () => {
      await warehouse.apply(
        log.next(log.upsert(1, { name: 'before', region: 'early' }), log.upsert(9, { name: 'other' }, { workspace: TWO })),
      );
      await warehouse.ensureType(ONE, 'deal', [field('name', 'text'), field('region', 'text'), field('partner', 'reference')]);
      await warehouse.apply(
        log.next(
          log.upsert(2, { name: 'with', region: 'North', partner: { source_system: 'erp', source_id: 'p' } }),
          log.upsert(9, { name: 'other', region: 'extra' }, { workspace: TWO, version: 2 }),
        ),
      );
      const third = log.tick;
      await warehouse.apply(
        log.next(log.upsert(2, { name: 'with', region: 'South' }, { version: 2 }), log.upsert(2, { region: 'West' }, { version: 3 })),
      );
      await warehouse.apply(log.next(log.remove(2, { version: 4 })));
      const columns = 'id, region, partner, partner__system, extra';
      expect(await select(warehouse, columns)).toEqual([
        { id: 1, region: null, partner: null, partner__system: null, extra: { region: 'early' } },
      ]);
      expect(await select(warehouse, columns, { asOf: timeOf(third - 1) })).toEqual([
        { id: 1, region: null, partner: null, partner__system: null, extra: { region: 'early' } },
        { id: 2, region: 'North', partner: 'p', partner__system: 'erp', extra: null },
      ]);
      expect(await select(warehouse, 'id, region', { asOf: timeOf(third) })).toEqual([
        { id: 1, region: null },
        { id: 2, region: 'West' },
      ]);
      expect(await select(warehouse, 'extra', { workspace: TWO })).toEqual([{ extra: { region: 'extra' } }]);
      expect(await versions(warehouse, "id, version, data ->> 'region' as region, data -> 'partner' as partner")).toEqual([
        { id: 1, version: 1, region: null, partner: null },
        { id: 2, version: 1, region: 'North', partner: { source_system: 'erp', source_id: 'p' } },
        { id: 2, version: 2, region: 'South', partner: null },
        { id: 2, version: 3, region: 'West', partner: null },
      ]);
      await warehouse.apply(log.next(log.erase(2)));
      expect(await versions(warehouse, "data ->> 'region' as region")).toEqual([
        { region: null },
        { region: null },
        { region: null },
        { region: null },
      ]);
    });

    it('W3: a field whose type changes keeps the old values, cast where that loses nothing', async () => {
      const types: FieldType[] = ['text', 'integer', 'money', 'date', 'timestamp', 'reference', 'json', 'text_list', 'boolean', 'number'];
      const written: Record<string, unknown>[] = [
        { size: '12' },
        { size: 13 },
        { size: '14.5' },
        { size: '2026-01-02' },
        { size: '2026-01-03T04:05:06Z' },
        { size: { source_system: 'erp', source_id: '15' } },
        { size: { deep: 1 } },
        { size: ['16'] },
        { size: true },
        { size: 17.25 },
      ];
      for (const [at, type] of types.entries()) {
        await warehouse.apply(
          log.next(log.define('visit', [field('size', type)]), log.upsert(at + 1, written[at] ?? {}, { type: 'visit' })),
        );
      }
      const seen = async (type: FieldType) => {
        await warehouse.ensureType(ONE, 'visit', [field('size', type)]);
        return (await select(warehouse, 'size', { type: 'visit' })).map(({ size }) => size);
      };
      expect(
        warehouse
          .layout(ONE, 'visit')
          ?.fields.get('size')
          ?.columns.map(({ name }) => name),
      ).toEqual([...[10, 9, 8, 7, 6, 5, 4, 3, 2].map((number) => `size__${number}`), 'size']);
      expect(await seen('number')).toEqual([12, 13, 14.5, null, null, 15, null, null, 1, 17.25]);
      expect(await seen('text')).toEqual([
        '12',
        '13',
        '14.5',
        '2026-01-02',
        '2026-01-03T04:05:06Z',
        '15',
        '{"deep":1}',
        '["16"]',
        'true',
        '17.25',
      ]);
      expect(await seen('integer')).toEqual([12, 13, null, null, null, 15, null, null, 1, null]);
      expect(await seen('money')).toEqual(['12.0000', '13.0000', '14.5000', null, null, '15.0000', null, null, '1.0000', '17.2500']);
      expect(await seen('date')).toEqual([null, null, null, '2026-01-02', null, null, null, null, null, null]);
      expect(await seen('timestamp')).toEqual([
        null,
        null,
        null,
        '2026-01-02T00:00:00Z',
        '2026-01-03T04:05:06Z',
        null,
        null,
        null,
        null,
        null,
      ]);
      expect(await seen('boolean')).toEqual([null, null, null, null, null, null, null, null, true, null]);
      expect(await seen('text_list')).toEqual([
        ['12'],
        ['13'],
        ['14.5'],
        ['2026-01-02'],
        ['2026-01-03T04:05:06Z'],
        ['15'],
        ['{"deep":1}'],
        ['16'],
        ['true'],
        ['17.25'],
      ]);
      expect(await seen('json')).toEqual(['12', 13, '14.5', '2026-01-02', '2026-01-03T04:05:06Z', '15', { deep: 1 }, ['16'], true, 17.25]);
      expect(await seen('reference')).toEqual(await seen('text'));
      await warehouse.ensureType(ONE, 'visit', [field('size', 'reference')]);
      const systems = await select(warehouse, 'size__system', { type: 'visit' });
      expect(systems.map((row) => row.size__system)).toEqual(types.map((type) => (type === 'reference' ? 'erp' : 'crm')));
    });

    it('W3: what becomes a text is the text that the catalog writes', async () => {
      const written = {
        number: [2, -0.5, 100, 1e20, 1e21, -1.5e300, 0.00001, 1.5e-7, 123456.789],
        money: ['0', '-0.05', '1200', '1200.5', '0.1234'],
        timestamp: ['2026-01-03T00:00:00Z', '2026-01-03T04:05:06.12Z', '2026-01-03T04:05:06.000001Z'],
      } as const;
      let id = 0;
      for (const [type, values] of Object.entries(written)) {
        const rows = values.map((size) => log.upsert(++id, { size }, { type: 'visit' }));
        await warehouse.apply(log.next(log.define('visit', [field('size', type as FieldType)]), ...rows));
      }
      const texts = Object.values(written).flat().map(String);
      for (const [type, expected] of [
        ['text', texts],
        ['reference', texts],
        ['text_list', texts.map((text) => [text])],
      ] as const) {
        await warehouse.ensureType(ONE, 'visit', [field('size', type)]);
        expect((await select(warehouse, 'size', { type: 'visit' })).map(({ size }) => size)).toEqual(expected);
      }
    });

    it('W3: a list that becomes a text is its JSON', async () => {
      const lists = [['a', 'b, c'], [], ['say "no"', 'Zürich/\n\\', ' ']];
      const rows = lists.map((size, index) => log.upsert(index + 1, { size }, { type: 'visit' }));
      await warehouse.apply(log.next(log.define('visit', [field('size', 'text_list')]), ...rows));
      await warehouse.ensureType(ONE, 'visit', [field('size', 'text')]);
      expect((await select(warehouse, 'size', { type: 'visit' })).map(({ size }) => size)).toEqual(
        lists.map((list) => JSON.stringify(list)),
      );
    });

    it('W3: of the numbers only 0 and 1 are a boolean', async () => {
      const sizes = { integer: [0, 1, 7, -3], money: ['0', '1.0000', '2'], number: [0, 1, 0.5] } as const;
      let id = 0;
      for (const [type, values] of Object.entries(sizes)) {
        const rows = values.map((size) => log.upsert(++id, { size }, { type: 'visit' }));
        await warehouse.apply(log.next(log.define('visit', [field('size', type as FieldType)]), ...rows));
      }
      await warehouse.ensureType(ONE, 'visit', [field('size', 'boolean')]);
      const seen = (await select(warehouse, 'size', { type: 'visit' })).map(({ size }) => size);
      expect(seen).toEqual([false, true, null, null, false, true, null, false, true, null]);
    });

    it('W1: a value of the former type that comes late goes to the former column', async () => {
      await warehouse.apply(log.next(log.define('visit', [field('size', 'text'), field('host', 'reference')])));
      await warehouse.apply(
        log.next(
          log.define('visit', [field('size', 'integer'), field('host', 'integer')]),
          log.upsert(1, { size: 5, host: 7 }, { type: 'visit' }),
          log.upsert(2, { size: 'large', host: 'h' }, { type: 'visit' }),
        ),
      );
      expect(await select(warehouse, 'size, host', { type: 'visit' })).toEqual([
        { size: 5, host: 7 },
        { size: null, host: null },
      ]);
      const refused = warehouse.apply(log.next(log.upsert(3, { size: true }, { type: 'visit' })));
      await expect(refused).rejects.toMatchObject({
        code: 'warehouse_row_refused',
        message: expect.stringContaining('size__2 expects an integer'),
      });
      await warehouse.ensureType(ONE, 'visit', [field('size', 'text'), field('host', 'reference')]);
      expect(await select(warehouse, 'size, host, host__system', { type: 'visit' })).toEqual([
        { size: '5', host: '7', host__system: 'crm' },
        { size: 'large', host: 'h', host__system: 'crm' },
      ]);
    });

    it('W1: definitions stand between changes of the same records in one batch, and each change is written by the ones before it', async () => {
      const visit = (version: number) => ({ type: 'visit', version });
      await warehouse.ensureType(ONE, 'deal', [field('channel', 'text')]);
      await warehouse.apply(
        log.next(
          log.define('visit', [field('size', 'text')]),
          ...[1, 2, 3, 4].map((id) => log.upsert(id, { size: `${id}` }, visit(1))),
          log.upsert(11, { name: 'one', channel: 'web' }),
        ),
      );
      await warehouse.apply(
        log.next(
          log.upsert(1, { size: 'large', place: 'early' }, visit(2)),
          log.remove(2, visit(2)),
          log.erase(3, { type: 'visit' }),
          log.upsert(11, { name: 'two', channel: 'shop', region: 'early' }, { version: 2 }),
          log.define('visit', [field('size', 'integer'), field('place', 'text')]),
          log.define('deal', [field('channel', 'text'), field('region', 'text')]),
          log.define('errand', [field('size', 'integer')]),
          log.upsert(1, { size: 5, place: 'Oslo' }, visit(3)),
          log.upsert(2, { size: 6, place: 'Rome', guest: 'early' }, visit(3)),
          log.upsert(11, { name: 'three', region: 'North' }, { version: 3 }),
          log.upsert(21, { size: 7 }, { type: 'errand' }),
          log.define('visit', [field('size', 'integer'), field('place', 'text'), field('guest', 'reference')]),
          log.remove(4, visit(2)),
          log.upsert(1, { size: 8, guest: 'g1' }, visit(4)),
          log.upsert(21, { size: 9 }, { type: 'errand', version: 2 }),
        ),
      );
      await reopen();
      expect(await select(warehouse, 'id, version, size, place, guest, extra', { type: 'visit' })).toEqual([
        { id: 1, version: 4, size: 8, place: null, guest: 'g1', extra: null },
        { id: 2, version: 3, size: 6, place: 'Rome', guest: null, extra: { guest: 'early' } },
        { id: 3, version: 1, size: null, place: null, guest: null, extra: null },
      ]);
      const past = "id, version, data ->> 'size' as size, data ->> 'place' as place, data -> 'extra' as extra";
      expect(await versions(warehouse, past, { type: 'visit' })).toEqual([
        { id: 1, version: 1, size: '1', place: null, extra: null },
        { id: 1, version: 2, size: null, place: null, extra: { place: 'early' } },
        { id: 1, version: 3, size: '5', place: 'Oslo', extra: null },
        { id: 1, version: 4, size: '8', place: null, extra: null },
        { id: 2, version: 1, size: '2', place: null, extra: null },
        { id: 2, version: 3, size: '6', place: 'Rome', extra: { guest: 'early' } },
        { id: 3, version: 1, size: null, place: null, extra: null },
        { id: 4, version: 1, size: '4', place: null, extra: null },
      ]);
      expect(
        await versions(warehouse, "version, data ->> 'channel' as channel, data ->> 'region' as region, data -> 'extra' as extra"),
      ).toEqual([
        { version: 1, channel: 'web', region: null, extra: null },
        { version: 2, channel: 'shop', region: null, extra: { region: 'early' } },
        { version: 3, channel: null, region: 'North', extra: null },
      ]);
      expect(await versions(warehouse, "version, data ->> 'size' as size", { type: 'errand' })).toEqual([
        { version: 1, size: '7' },
        { version: 2, size: '9' },
      ]);
      await warehouse.ensureType(ONE, 'visit', [field('size', 'text')]);
      expect((await versions(warehouse, "id, version, data ->> 'size' as size", { type: 'visit' }))[1]).toMatchObject({ size: 'large' });
    });

    it.each(['replay', 'tick'] as const)('W1: a type is not known before its definition in a batch (%s)', async (kind) => {
      const batch = log.next(log.upsert(1, { size: 1 }, { type: 'visit' }), log.define('visit', [field('size', 'integer')]));
      await expect(warehouse.apply({ ...batch, replay: kind === 'replay' })).rejects.toMatchObject({ code: 'warehouse_type_unknown' });
      expect(warehouse.layout(ONE, 'visit')).toBeUndefined();
    });

    it('W1: a field that is gone is kept for when it comes back, meanwhile its values are extra', async () => {
      await warehouse.ensureType(ONE, 'visit', [field('place', 'text'), field('size', 'integer')]);
      await warehouse.apply(log.next(log.upsert(1, { place: 'Oslo', size: 1 }, { type: 'visit' })));
      const narrower = await warehouse.ensureType(ONE, 'visit', [field('place', 'text')]);
      expect([...narrower.fields.keys()]).toEqual(['place']);
      await warehouse.apply(log.next(log.upsert(2, { place: 'Rome', size: 2 }, { type: 'visit' })));
      expect(await select(warehouse, 'extra', { type: 'visit' })).toEqual([{ extra: null }, { extra: { size: 2 } }]);
      await reopen();
      await warehouse.ensureType(ONE, 'visit', [field('place', 'text'), { ...field('size', 'integer'), description: 'How large' }]);
      expect(warehouse.layout(ONE, 'visit')?.fields.get('size')).toMatchObject({
        definition: { description: 'How large' },
        columns: [{ name: 'size', type: 'integer' }],
      });
      expect(await select(warehouse, 'size', { type: 'visit' })).toEqual([{ size: 1 }, { size: null }]);
    });

    it('W1: fields that are gone come back as they were defined, those of a built-in type too', async () => {
      const size = field('size', 'integer');
      for (const [type, own] of [
        ['visit', []],
        ['deal', [field('name', 'text')]],
      ] as const) {
        const isThere = [];
        for (const fields of [[...own, size], own, [...own, size]]) {
          const layout = await warehouse.ensureType(ONE, type, fields);
          isThere.push(layout.fields.has('size'));
        }
        expect(isThere, type).toEqual([true, false, true]);
      }
    });

    it('W1: types and fields do not take the tables of others', async () => {
      await warehouse.ensureType(ONE, 'visit_history', [field('a', 'text')]);
      await warehouse.ensureType(ONE, 'visit', [field('b', 'text')]);
      expect(warehouse.layout(ONE, 'visit_history')?.table).toBe('x_1_visit_history');
      expect(warehouse.layout(ONE, 'visit')?.table).toBe('x_1_visit__2');
      for (const name of ['Visit', 'a__b', 'x"y', '', '1st', 'a'.repeat(61), ...RESERVED_NAMES]) {
        await expect(warehouse.ensureType(ONE, 'visit', [field(name, 'text')]), name).rejects.toMatchObject({
          code: 'warehouse_layout_refused',
        });
        await expect(warehouse.ensureType(ONE, name, []), name).rejects.toMatchObject({ code: 'warehouse_layout_refused' });
      }
      await expect(warehouse.ensureType(ONE, 'deal', [field('amount', 'text')])).rejects.toMatchObject({
        code: 'warehouse_layout_refused',
      });
      await warehouse.ensureType(ONE, 'deal', [field('amount', 'money')]);
      expect(warehouse.layout(ONE, 'deal')?.extensionTable).toBeUndefined();
    });

    it('W2: types change without a stop while queries run', async () => {
      let isChanging = true;
      const changing = (async () => {
        for (let step = 1; step <= 12; step++) {
          const visit = [field('size', step % 2 === 0 ? 'integer' : 'text'), field(`f${step}`, 'number')];
          await warehouse.apply(
            log.next(
              log.define('visit', visit),
              log.define('deal', [field(`g${step}`, 'text')]),
              log.upsert(step, { size: step % 2 === 0 ? step : `${step}` }, { type: 'visit' }),
              log.upsert(step + 100, { name: 'n', [`g${step}`]: 'g' }),
            ),
          );
        }
        isChanging = false;
      })();
      let queries = 0;
      while (isChanging) {
        const { values, applied } = await warehouse.query({
          text: `select count(*) from ${warehouse.relation(ONE, 'deal')}`,
          parameters: [],
        });
        expect(values).toEqual([[applied.tick]]);
        queries += 1;
      }
      await changing;
      expect(queries).toBeGreaterThan(0);
      expect((await select(warehouse, 'size', { type: 'visit' })).map(({ size }) => size)).toEqual(
        Array.from({ length: 12 }, (_, at) => at + 1),
      );
    });

    it('W3: the views show each record once, also where several workspaces added to its type', async () => {
      const workspaces = [ONE, TWO, workspaceId(3)];
      for (const workspace of [ONE, TWO]) await warehouse.ensureType(workspace, 'deal', [field('region', 'text')]);
      await warehouse.apply(log.next(...workspaces.map((workspace) => log.upsert(workspace, { region: 'North' }, { workspace }))));
      for (const view of ['unified_data_catalog', 'record_versions']) {
        const text = `select workspace, data ->> 'region' as region from ${view} order by workspace`;
        expect(objectsOf(await warehouse.query({ text, parameters: [] }))).toEqual([
          { workspace: 1, region: 'North' },
          { workspace: 2, region: 'North' },
          { workspace: 3, region: null },
        ]);
      }
    });

    it('W3: the views show open deals, all records and all versions', async () => {
      await warehouse.apply(
        log.next(
          log.upsert(1, {
            name: 'a',
            status: 'open',
            amount: '10',
            close_date: '2026-02-03',
            engaged_at: '2026-02-03T04:05:06.5Z',
            seats: '9007199254740993',
          }),
          log.upsert(2, { name: 'b', status: 'won', seats: 3, owner: 'u1' }, { workspace: TWO }),
          log.upsert(3, { name: 'Ann' }, { type: 'user' }),
        ),
      );
      await warehouse.apply(
        log.next(log.upsert(1, { name: 'a', status: 'open', amount: '11' }, { version: 2 }), log.remove(3, { type: 'user', version: 2 })),
      );
      const rows = async (text: string) => objectsOf(await warehouse.query({ text, parameters: [] }));
      expect(await rows('select workspace, id, name, amount from active_deals')).toEqual([
        { workspace: 1, id: 1, name: 'a', amount: '11.0000' },
      ]);
      expect(await rows('select workspace, record_type, id, version from unified_data_catalog order by id')).toEqual([
        { workspace: 1, record_type: 'deal', id: 1, version: 2 },
        { workspace: 2, record_type: 'deal', id: 2, version: 1 },
      ]);
      expect(await rows('select record_type, id, version, valid_to is null as current from record_versions order by id, version')).toEqual([
        { record_type: 'deal', id: 1, version: 1, current: false },
        { record_type: 'deal', id: 1, version: 2, current: true },
        { record_type: 'deal', id: 2, version: 1, current: true },
        { record_type: 'user', id: 3, version: 1, current: false },
      ]);
      const [past] = await versions(warehouse, 'data');
      expect(past?.data).toMatchObject({
        amount: '10.0000',
        close_date: '2026-02-03',
        engaged_at: '2026-02-03T04:05:06.500000Z',
        seats: '9007199254740993',
        owner: null,
      });
      expect((await versions(warehouse, 'data', { workspace: TWO }))[0]?.data).toMatchObject({ seats: 3, owner: 'u1', extra: null });
    });
  });
};
