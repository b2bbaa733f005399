import { recordTypeToJsonSchema } from '@sophia/core';
import { whileLocked } from '@sophia/database/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());

async function fresh() {
  const { workspace, call, recordTypes, records } = await harness.fresh();
  const changes = async () => {
    const events = await harness.database.select<{ kind: string; data: { name: string; revision: number }; source_id: string | null }>(
      [workspace.id],
      {
        name: 'test_type_events',
        text: 'select kind, data, source_id from event order by position',
      },
    );
    return events.map(({ kind, data, source_id }) =>
      source_id === null ? `${kind} ${data.name} ${data.revision}` : `${kind} ${source_id}`,
    );
  };
  return { workspace, call, recordTypes, records, changes };
}

const gauge = (size: object) => ({ type: 'object', properties: { size, place: { type: 'string' } } });

describe('a record type of a workspace', () => {
  test('takes rows from then on, and its event stands before theirs', async () => {
    const { call, recordTypes, records, changes } = await fresh();
    const target = { recordType: 'gauge', sourceSystem: 'lab' };
    await expect(records.upsert(call, target, { line: 1, source_id: '1', fields: {} })).rejects.toMatchObject({
      code: 'unknown_record_type',
    });
    const { definition } = await recordTypes.define(call, 'gauge', gauge({ type: 'integer' }));
    expect(definition).toMatchObject({ name: 'gauge', origin: 'workspace', revision: 1 });
    await records.upsert(call, target, { line: 1, source_id: '1', fields: { size: '7', place: 'roof' } });
    expect(await recordTypes.get(call, 'gauge')).toEqual(definition);
    expect((await records.getByKey(call, target, '1')).data).toEqual({ size: 7, place: 'roof' });
    expect(await changes()).toEqual(['record_type.changed gauge 1', 'record.created 1']);
  });

  test('is altered: a changed type holds for what comes, the same schema again changes nothing', async () => {
    const { call, recordTypes, records, changes } = await fresh();
    const target = { recordType: 'gauge', sourceSystem: 'lab' };
    await recordTypes.define(call, 'gauge', gauge({ type: 'integer' }));
    await records.upsert(call, target, { line: 1, source_id: '1', fields: { size: 7 } });
    expect((await recordTypes.define(call, 'gauge', gauge({ type: 'string' }))).definition.revision).toBe(2);
    const again = await recordTypes.define(call, 'gauge', gauge({ type: 'string' }));
    expect(again.definition.revision).toBe(2);
    expect(again.token).not.toBe('');
    expect(await records.upsert(call, target, { line: 1, source_id: '1', fields: { size: 'large' } })).toMatchObject({ updated: 1 });
    expect(await changes()).toEqual(['record_type.changed gauge 1', 'record.created 1', 'record_type.changed gauge 2', 'record.updated 1']);
  });

  test('is listed and told by another process at once', async () => {
    const { call, recordTypes } = await fresh();
    const other = await harness.another();
    expect((await other.recordTypes.list(call)).some(({ name }) => name === 'gauge')).toBe(false);
    await recordTypes.define(call, 'gauge', gauge({ type: 'integer' }));
    expect((await other.recordTypes.list(call)).some(({ name }) => name === 'gauge')).toBe(true);
    await recordTypes.define(call, 'gauge', gauge({ type: 'string' }));
    expect((await other.recordTypes.get(call, 'gauge')).revision).toBe(2);
  });

  test('that two define at once has one revision after the other', async () => {
    const { call, recordTypes } = await fresh();
    const defined = await Promise.all(['integer', 'string', 'boolean'].map((type) => recordTypes.define(call, 'gauge', gauge({ type }))));
    expect(defined.map(({ definition }) => definition.revision).sort()).toEqual([1, 2, 3]);
  });

  test("is not another workspace's", async () => {
    const { call, recordTypes } = await fresh();
    await recordTypes.define(call, 'gauge', gauge({ type: 'integer' }));
    await expect(recordTypes.get(harness.callOf(await harness.workspace()), 'gauge')).rejects.toMatchObject({
      code: 'unknown_record_type',
      details: { record_type: 'gauge' },
    });
  });

  test('that there is not is told with the nearest name, or with all where none is near', async () => {
    const { call, recordTypes } = await fresh();
    await expect(recordTypes.get(call, 'dael')).rejects.toMatchObject({
      message: 'This workspace has no record type "dael"; did you mean deal?',
      details: { record_type: 'dael', nearest: ['deal'] },
    });
    await expect(recordTypes.get(call, 'thermometer')).rejects.toMatchObject({
      message: expect.stringMatching(/"thermometer"; it has .*deal.*\.$/),
      details: { nearest: [] },
    });
  });

  test('with a schema that cannot be one is refused with each place', async () => {
    const { call, recordTypes } = await fresh();
    await expect(recordTypes.define(call, 'Th2', gauge({ type: 'integer' }))).rejects.toMatchObject({
      code: 'invalid_record_type',
      message: expect.stringMatching(/^The name "Th2" is not made of /),
    });
    await expect(recordTypes.define(call, 'gauge', gauge({ type: 'integer', pattern: 'x' }))).rejects.toMatchObject({
      code: 'invalid_record_type',
      status: 422,
      details: { problems: [{ path: 'properties.size.pattern' }] },
    });
    await expect(recordTypes.define(call, 'Gauge!', gauge({ type: 'integer' }))).rejects.toMatchObject({ code: 'invalid_record_type' });
  });
});

describe('a type that several sources extend', () => {
  const fieldsOf = ({ fields }: { readonly fields: readonly { readonly name: string; readonly type: string }[] }) =>
    Object.fromEntries(fields.map(({ name, type }) => [name, type]));

  test('has the fields of all, each of a type that takes their values, whichever comes again', async () => {
    const { call, recordTypes, records, changes } = await fresh();
    const one = { type: 'object', properties: { size: { type: 'integer' }, place: { type: 'string' } } };
    const other = { type: 'object', properties: { size: { type: 'string' }, owner: { type: 'string' } } };
    expect(fieldsOf((await recordTypes.extend(call, 'gauge', one)).definition)).toEqual({ size: 'integer', place: 'text' });
    const united = { size: 'text', place: 'text', owner: 'text' };
    for (const schema of [other, one, other]) {
      const { definition } = await recordTypes.extend(call, 'gauge', schema);
      expect([definition.revision, fieldsOf(definition)]).toEqual([2, united]);
    }
    await records.upsert(
      call,
      { recordType: 'gauge', sourceSystem: 'lab' },
      { line: 1, source_id: '1', fields: { size: 7, place: 'roof' } },
    );
    expect(await changes()).toEqual(['record_type.changed gauge 1', 'record_type.changed gauge 2', 'record.created 1']);
  });

  test('loses nothing of two that extend it at once', async () => {
    const { call, recordTypes } = await fresh();
    const names = ['a', 'b', 'c', 'd'];
    await Promise.all(
      names.map((name) => recordTypes.extend(call, 'gauge', { type: 'object', properties: { [name]: { type: 'string' } } })),
    );
    expect(Object.keys(fieldsOf(await recordTypes.get(call, 'gauge'))).sort()).toEqual(names);
  });

  test('has no more fields than a type may have', async () => {
    const { call, recordTypes } = await fresh();
    const schema = (prefix: string) => ({
      type: 'object',
      properties: Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`${prefix}${index}`, { type: 'string' }])),
    });
    await recordTypes.extend(call, 'gauge', schema('a'));
    await expect(recordTypes.extend(call, 'gauge', schema('b'))).rejects.toMatchObject({
      code: 'invalid_record_type',
      message: expect.stringContaining('more than 500 fields'),
    });
  });
});

describe('a type with owners', () => {
  test('has the path to them in its definition and event', async () => {
    const { call, recordTypes } = await fresh();
    const schema = { type: 'object', properties: { keeper: { type: 'string', 'x-references': 'user' } }, 'x-owner': ['keeper'] };
    expect((await recordTypes.define(call, 'gauge', schema)).definition.owner).toEqual(['keeper']);
    expect((await recordTypes.get(call, 'gauge')).owner).toEqual(['keeper']);
  });
});

describe('a built-in type', () => {
  test('takes fields that a workspace adds, and keeps its own', async () => {
    const { call, recordTypes, records } = await fresh();
    const { definition } = await recordTypes.define(call, 'deal', {
      type: 'object',
      properties: { name: { type: 'string' }, campaign: { type: 'string' }, score: { type: 'integer' } },
    });
    expect(definition).toMatchObject({ origin: 'builtin', revision: 2, owner: ['owner'] });
    expect(definition.fields.filter(({ name }) => ['campaign', 'score', 'amount'].includes(name)).length).toBe(3);
    const target = { recordType: 'deal', sourceSystem: 'crm' };
    await records.upsert(call, target, { line: 1, source_id: '1', fields: { campaign: 'May', score: '5', amount: '7', other: 1 } });
    expect((await records.getByKey(call, target, '1')).data).toEqual({ campaign: 'May', score: 5, amount: '7', extra: { other: 1 } });
    const without = await recordTypes.define(call, 'deal', { type: 'object', properties: { campaign: { type: 'string' } } });
    expect(without.definition.fields.some(({ name }) => name === 'score')).toBe(false);
  });

  test('does not change what a field of its own is, and says so instead of passing over it', async () => {
    const { call, recordTypes } = await fresh();
    const text = { type: 'string' };
    for (const amount of [
      { type: 'integer' },
      { ...text, format: 'decimal', 'x-contact': true },
      { ...text, format: 'decimal', 'x-currency': 'stage' },
    ])
      await expect(recordTypes.define(call, 'deal', { type: 'object', properties: { amount } })).rejects.toMatchObject({
        code: 'invalid_record_type',
        details: { problems: [{ path: 'properties.amount', message: expect.stringContaining('stays as it is') }] },
      });
    const owner = { ...text, 'x-references': 'company' };
    const stage = { ...text, enum: ['a'] };
    await expect(recordTypes.define(call, 'deal', { type: 'object', properties: { owner, stage } })).rejects.toMatchObject({
      details: { problems: [{ path: 'properties.owner' }, { path: 'properties.stage' }] },
    });
  });

  test('is taken as it is shown', async () => {
    const { call, recordTypes } = await fresh();
    for (const type of await recordTypes.list(call))
      if (type.origin === 'builtin') {
        const { definition } = await recordTypes.define(call, type.name, recordTypeToJsonSchema(type));
        expect(definition.fields).toEqual(type.fields);
      }
  });

  test('is listed with the others by name', async () => {
    const { call, recordTypes } = await fresh();
    await recordTypes.define(call, 'aardvark', { type: 'object', properties: { size: { type: 'integer' } } });
    const names = (await recordTypes.list(call)).map(({ name }) => name);
    expect(names).toEqual([...names].sort());
    expect(names[0]).toBe('aardvark');
    expect(names).toContain('deal');
  });
});

test('types are asked for each second, and again after a failure', async () => {
  const { createRecordTypeBook } = await import('./record-type-book.ts');
  const workspace = await harness.workspace();
  let now = 0;
  let broken = false;
  const database = {
    ...harness.database,
    select: (...[workspaces, statement]: Parameters<typeof harness.database.select>) =>
      broken ? Promise.reject(new Error('gone')) : harness.database.select(workspaces, statement),
  };
  const book = createRecordTypeBook({ database: database as never, clock: { now: () => now, monotonic: () => now } });
  const before = await book.require(workspace.id, 'deal');
  broken = true;
  now = 999;
  expect(await book.require(workspace.id, 'deal')).toBe(before);
  now = 1_000;
  await expect(book.require(workspace.id, 'deal')).rejects.toThrow('gone');
  broken = false;
  expect(await book.require(workspace.id, 'deal')).toBe(before);
});

test('types that were defined elsewhere are found when they are named, and it is told that they are others', async () => {
  const { createRecordTypeBook } = await import('./record-type-book.ts');
  const { workspace, call, recordTypes } = await fresh();
  const clock = { now: () => 0, monotonic: () => 0 };
  const book = createRecordTypeBook({ database: harness.database, clock });
  const changed: unknown[] = [];
  book.onChanged((id) => changed.push(id));
  const before = await book.types(workspace.id);
  expect([await book.current(workspace.id), changed]).toEqual([before, []]);
  await recordTypes.define(call, 'gauge', gauge({ type: 'integer' }));
  expect([(await book.require(workspace.id, 'gauge')).revision, changed]).toEqual([1, [workspace.id]]);
  await recordTypes.define(call, 'gauge', gauge({ type: 'string' }));
  expect((await book.require(workspace.id, 'gauge')).revision).toBe(1);
  expect([(await book.current(workspace.id)).get('gauge')?.revision, changed]).toEqual([2, [workspace.id, workspace.id]]);
});

test('types are read and defined no longer than their caller may wait', async () => {
  const { call, recordTypes, imports } = await harness.fresh();
  // What the caller may do is known from here on.
  await imports.list(call);
  const brief = { ...call, deadline: 200 };
  const ends = await whileLocked(harness, 'record_type', () => [
    recordTypes.list(brief),
    recordTypes.get(brief, 'deal'),
    recordTypes.define(brief, 'ticket', { type: 'object', properties: { text: { type: 'string' } } }),
  ]);
  for (const end of ends) expect(end).toMatchObject({ code: 'deadline_exceeded' });
});
