import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Call, JsonObject } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SAMPLE_FOLDER } from './load-sample.ts';
import { whileHeld } from './testing/set-aside.ts';
import type { TestPlatform } from './testing/test-platform.ts';
import { openTwoPlatforms, type TwoPlatforms } from './testing/two-platforms.ts';

/** A bound on what never comes, not on slow machines. */
const APPLY_MS = 30_000;

let two: TwoPlatforms;
beforeAll(async () => {
  two = await openTwoPlatforms();
});
afterAll(() => two.close());

/** Defines a type through an instance; resolves to the token. */
const define = async ({ platform, call }: TestPlatform, name: string, properties: JsonObject): Promise<string> =>
  (await platform.catalog.recordTypes.define(call, name, { type: 'object', properties })).token;
const read = async ({ platform }: TestPlatform, call: Call, recordType: string, sourceId: string, after?: string) =>
  (await platform.catalog.records.getByKey(call, { recordType, sourceSystem: 'test' }, sourceId, { after })).data;

describe('a type that one instance changes', () => {
  it('hides what it masks at the other as soon as that has applied it', async () => {
    const { one, other } = two;
    await define(one, 'visit', { phone: { type: 'string' } });
    await one.write('visit', 'first', { phone: '555' });
    const analyst = other.as('analyst');
    expect(await read(other, analyst, 'visit', 'first')).toMatchObject({ phone: '555' });
    const after = await define(one, 'visit', { phone: { type: 'string', 'x-contact': true } });
    await other.platform.analytics.waitForWrite(after, APPLY_MS);
    expect(await read(other, analyst, 'visit', 'first')).toMatchObject({ phone: null });
  });

  it('is what the semantic models of the other are judged by from then on', async () => {
    const { one, other } = two;
    const models = join(other.platform.configuration.dataDirectory, 'models', 'main');
    await cp(join(SAMPLE_FOLDER, 'models'), models, { recursive: true });
    await writeFile(
      join(models, 'parcel.yaml'),
      `semantic_models:
  - name: parcel
    record_type: parcel
    entities: [{ name: parcel, type: primary }]
    measures: [{ name: weight, aggregation: sum, expression: weight }]
metrics: [{ name: parcel_weight, type: simple, measure: weight }]
`,
    );
    await define(one, 'parcel', { weight: { type: 'string' } });
    await other.platform.analytics.reloadModels(other.workspace.id);
    await define(one, 'parcel', { weight: { type: 'integer' } });
    await other.platform.analytics.waitForWrite(await one.write('parcel', 'first', { weight: 5 }), APPLY_MS);
    expect((await other.ask({ metrics: ['parcel_weight'] })).rows).toEqual([[5]]);
  });

  it('holds for what is written through the other from then on', async () => {
    const { one, other } = two;
    await define(one, 'crate', {});
    await other.write('crate', 'first', { height: '2' });
    await define(one, 'crate', { height: { type: 'integer' } });
    await other.write('crate', 'second', { height: '2' });
    const crate = (sourceId: string) => read(other, other.call, 'crate', sourceId);
    expect([await crate('first'), await crate('second')]).toEqual([{ extra: { height: '2' } }, { height: 2 }]);
  });
});

describe('a read at one instance that names a write through the other', () => {
  it('is judged by the types that it left', async () => {
    const { one, other } = two;
    await define(one, 'contract', { phone: { type: 'string' } });
    await one.write('contract', 'first', { phone: '555' });
    const analyst = other.as('analyst');
    expect(await read(other, analyst, 'contract', 'first')).toMatchObject({ phone: '555' });
    const after = await define(one, 'contract', { phone: { type: 'string', 'x-contact': true } });
    expect(await read(other, analyst, 'contract', 'first', after)).toMatchObject({ phone: null });
  });

  it('is judged by the user record that it left, in lists and histories, too', async () => {
    const { one, other } = two;
    await one.write('user', 'ann', { name: 'Ann', team: 'red' });
    await one.write('user', 'bob', { name: 'Bob', team: 'red' });
    await one.write('deal', 'first', { owner: 'bob', amount: '5', currency: 'USD' });
    const employee = other.as('employee', { source_system: 'test', source_id: 'ann' });
    const amount = async (after?: string) => (await read(other, employee, 'deal', 'first', after)).amount;
    const { records } = other.platform.catalog;
    const listed = async (after?: string) =>
      (await records.list(employee, 'deal', { sourceSystem: 'test', after })).items.map(({ data }) => data.amount);
    const { id } = await records.getByKey(employee, { recordType: 'deal', sourceSystem: 'test' }, 'first');
    const told = async (after?: string) => (await records.history(employee, 'deal', id, { after })).items.map(({ data }) => data?.amount);
    expect([await amount(), await listed(), await told()]).toEqual(['5', ['5'], ['5']]);
    const move = (team: string) => one.write('user', 'ann', { name: 'Ann', team });
    expect(await amount(await move('blue'))).toBeNull();
    expect(await listed(await move('red'))).toEqual(['5']);
    expect(await told(await move('blue'))).toEqual([null]);
  });

  it('is judged by the user record of whoever reads, also after another has read with its token', async () => {
    const { one, other } = two;
    const users = { recordType: 'user', sourceSystem: 'test' };
    const move = async (team: string) => {
      const rows = ['gil', 'hal'].map((name, at) => ({ line: at + 1, source_id: name, fields: { name, team } }));
      return (await one.platform.catalog.records.upsertMany(one.call, users, rows)).token;
    };
    await move('red');
    await one.write('user', 'ida', { name: 'Ida', team: 'red' });
    await one.apply('deal', 'fourth', { owner: 'ida', amount: '5', currency: 'USD' });
    const amounts = async (after?: string) => {
      const seen: unknown[] = [];
      for (const source_id of ['gil', 'hal']) {
        const employee = other.as('employee', { source_system: 'test', source_id });
        seen.push((await read(other, employee, 'deal', 'fourth', after)).amount);
      }
      return seen;
    };
    expect(await amounts()).toEqual(['5', '5']);
    await whileHeld(other, async () => expect(await amounts(await move('blue'))).toEqual([null, null]));
  });

  it('of its own writes is judged by what they left', async () => {
    const { other } = two;
    await other.write('user', 'cid', { name: 'Cid', team: 'red' });
    await other.write('deal', 'second', { owner: 'cid', amount: '5', currency: 'USD' });
    const employee = other.as('employee', { source_system: 'test', source_id: 'cid' });
    const amount = async (after?: string) => (await read(other, employee, 'deal', 'second', after)).amount;
    expect(await amount()).toBe('5');
    await other.write('user', 'dan', { name: 'Dan', team: 'red' });
    await other.write('deal', 'second', { owner: 'dan', amount: '5', currency: 'USD' });
    expect(await amount(await other.write('user', 'cid', { name: 'Cid', team: 'blue' }))).toBeNull();
  });

  it('is judged by what was changed through the other before its own write', async () => {
    const { one, other } = two;
    await define(one, 'pledge', { phone: { type: 'string' } });
    await one.write('user', 'eve', { name: 'Eve', team: 'red' });
    await one.write('user', 'fay', { name: 'Fay', team: 'red' });
    await one.write('deal', 'third', { owner: 'fay', amount: '5', currency: 'USD' });
    await one.apply('pledge', 'first', { phone: '555' });
    const employee = other.as('employee', { source_system: 'test', source_id: 'eve' });
    const amount = async (after?: string) => (await read(other, employee, 'deal', 'third', after)).amount;
    const phone = async (after?: string) => (await read(other, other.as('analyst'), 'pledge', 'first', after)).phone;
    expect([await amount(), await phone()]).toEqual(['5', '555']);
    const own = await whileHeld(other, async () => {
      await one.write('user', 'eve', { name: 'Eve', team: 'blue' });
      await define(one, 'pledge', { phone: { type: 'string', 'x-contact': true } });
      const token = await other.write('deal', 'other', { name: 'any' });
      expect([await amount(token), await phone(token)]).toEqual([null, null]);
      return token;
    });
    // Judged once, and applied once: it stays so.
    expect([await amount(own), await phone(own)]).toEqual([null, null]);
    await other.platform.analytics.waitForWrite(own, APPLY_MS);
    expect([await amount(own), await phone(own)]).toEqual([null, null]);
  });
});
