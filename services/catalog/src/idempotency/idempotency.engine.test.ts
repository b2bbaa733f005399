import type { RecordId } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import { row, target } from '../testing/deals.ts';
import { readChains } from '../testing/record-chains.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());

const keyed = (key: string, route = 'POST /records/deal') => ({ idempotency: { route, key } });

const fresh = () => harness.fresh();
const withoutToken = ({ token: _, ...answer }: { readonly token: string }) => answer;

describe('an Idempotency-Key', () => {
  test('gives the answer of the first time again, and does nothing again', async () => {
    const { call, records, workspace } = await fresh();
    const send = (name: string) => records.upsert(call, target, row('D-1', { name }), keyed('k1'));
    const first = await send('a');
    await records.upsert(call, target, row('D-1', { name: 'b' }));
    const again = await send('a');
    expect(withoutToken(again)).toEqual(withoutToken(first));
    expect((await records.getByKey(call, target, 'D-1', { after: again.token })).data).toEqual({ name: 'b' });
    expect((await readChains(harness.database, workspace.id)).length).toBe(2);
    const { entries } = await harness.auth.audit.list(call, { action: 'write' });
    expect(entries).toMatchObject(Array(2).fill({ principal: 'key:admin', object: 'record:deal/crm/D-1', rows: 1, result: 'ok' }));
  });

  test('holds for arrays, patches and deletions as well', async () => {
    const { call, records } = await fresh();
    const many = () => records.upsertMany(call, target, [row('D-1', { name: 'a' }), row('D-2', { amount: 'much' })], keyed('many'));
    const first = await many();
    expect(first).toMatchObject({ created: 1, rejected: 1 });
    expect(withoutToken(await many())).toEqual(withoutToken(first));
    expect((await harness.catalog.deadLetters.list(call)).items.length).toBe(1);

    const { id } = await records.getByKey(call, target, 'D-1');
    const patch = () => records.patch(call, 'deal', id, { name: 'b' }, keyed('patch'));
    expect(withoutToken(await patch())).toEqual(withoutToken(await patch()));
    const remove = () => records.delete(call, 'deal', id, keyed('delete'));
    const removed = await remove();
    expect(withoutToken(await remove())).toEqual(withoutToken(removed));
    await expect(records.delete(call, 'deal', id, keyed('another'))).rejects.toMatchObject({ code: 'not_found' });
  });

  test('with another body is refused, whichever way it comes', async () => {
    const { call, records } = await fresh();
    await records.upsert(call, target, row('D-1', { name: 'a' }), keyed('k'));
    const refused = { code: 'idempotency_key_reused', status: 422 };
    await expect(records.upsert(call, target, row('D-1', { name: 'b' }), keyed('k'))).rejects.toMatchObject(refused);
    await expect(records.upsert(call, { ...target, sourceSystem: 'other' }, row('D-1', { name: 'a' }), keyed('k'))).rejects.toMatchObject(
      refused,
    );
    await expect(records.upsertMany(call, target, [row('D-1', { name: 'a' })], keyed('k'))).rejects.toMatchObject(refused);
    const items = (async function* () {})();
    await expect(harness.catalog.imports.start(call, { name: 'x', kind: 'http', ...keyed('k') }, items)).rejects.toMatchObject(refused);
    await expect(records.patch(call, 'deal', '1' as RecordId, {}, keyed('k'))).rejects.toMatchObject(refused);
    const { id } = await records.getByKey(call, target, 'D-1');
    await records.patch(call, 'deal', id, { name: 'b' }, { ...keyed('patch'), ifVersion: 1 });
    await expect(records.patch(call, 'deal', id, { name: 'b' }, { ...keyed('patch'), ifVersion: 2 })).rejects.toMatchObject(refused);
    await records.delete(call, 'deal', id, { ...keyed('delete'), ifVersion: 2 });
    await expect(records.delete(call, 'deal', id, { ...keyed('delete'), ifVersion: 3 })).rejects.toMatchObject(refused);
  });

  test('holds for one principal, route and workspace, each of which is answered with its own, also where they share a transaction', async () => {
    const { call, records, workspace } = await fresh();
    const callers = [call, harness.callOf(workspace, 'admin', { id: 'key:other' }), harness.callOf(await harness.workspace())];
    const sent = callers.flatMap((caller, who) =>
      ['POST /records/deal', 'POST /other'].flatMap((route) =>
        Array.from({ length: 5 }, (_, index) => ({ caller, id: `${who} ${route} ${index}`, key: keyed(`k${index}`, route) })),
      ),
    );
    const send = () => Promise.all(sent.map(({ caller, id, key }) => records.upsert(caller, target, row(id, { name: 'a' }), key)));
    const first = await send();
    expect(first).toMatchObject(Array(sent.length).fill({ created: 1 }));
    expect((await send()).map(withoutToken)).toEqual(first.map(withoutToken));
  });

  test('of a request that is still running is refused for now', async () => {
    const { call, records } = await fresh();
    const first = records.upsert(call, target, row('D-1', { name: 'a' }), keyed('k'));
    await expect(records.upsert(call, target, row('D-1', { name: 'a' }), keyed('k'))).rejects.toMatchObject({
      code: 'request_in_progress',
      status: 409,
    });
    expect(await first).toMatchObject({ created: 1 });
  });

  test('that two processes use at once writes once', async () => {
    const { call, workspace } = await fresh();
    const other = await harness.another();
    const answers = await Promise.all(
      [harness.catalog, other].map((catalog) => catalog.records.upsert(call, target, row('D-1', { name: 'a' }), keyed('k'))),
    );
    expect(answers.map(withoutToken)[0]).toEqual(answers.map(withoutToken)[1]);
    expect((await readChains(harness.database, workspace.id)).length).toBe(1);
  });

  test('of a write that failed is free', async () => {
    const { call, records } = await fresh();
    await expect(records.patch(call, 'deal', '99' as RecordId, { name: 'x' }, keyed('k'))).rejects.toMatchObject({ code: 'not_found' });
    expect(await records.upsert(call, target, row('D-1', { name: 'a' }), keyed('k'))).toMatchObject({ created: 1 });
  });

  test('is kept for a day and forgotten after it, when another write is what it stands for', async () => {
    const { call, records, workspace } = await fresh();
    const send = (id: string, name: string, key: string) => records.upsert(call, target, row(id, { name }), keyed(key));
    const hours = { kept: 23.9, old: 24, older: 26 };
    for (const [key, age] of Object.entries(hours)) {
      await send(key, 'a', key);
      await harness.database.write([workspace.id], (transaction) =>
        harness.database.query(
          transaction,
          { name: 'test_age_key', text: `update idempotency_key set created_at = created_at - $2 * interval '1 hour' where key = $1` },
          [key, age],
        ),
      );
    }
    const renewed = await send('old', 'b', 'old');
    expect(renewed).toMatchObject({ updated: 1 });
    expect(await send('kept', 'a', 'kept')).toMatchObject({ created: 1, version: 1 });
    const again = await send('old', 'b', 'old');
    expect(again).toMatchObject({ updated: 1, version: 2 });
    const writerOf = ({ token }: { readonly token: string }) => harness.eventLog.decodeToken(token).transactionId;
    expect(writerOf(again)).toBe(writerOf(renewed));
    const left = await harness.database.select<{ key: string }>([workspace.id], {
      name: 'test_keys',
      text: 'select key from idempotency_key order by key',
    });
    expect(left.map(({ key }) => key)).toEqual(['kept', 'old']);
  });

  test('has printable characters, and not too many', async () => {
    const { call, records } = await fresh();
    for (const key of ['', 'a b', 'ä', 'x'.repeat(201)]) {
      await expect(records.upsert(call, target, row('D-1', {}), keyed(key))).rejects.toMatchObject({ code: 'invalid_idempotency_key' });
    }
  });

  test('in a batch with others fails and succeeds by itself', async () => {
    const { call, records } = await fresh();
    await records.upsert(call, target, row('D-1', { name: 'a' }), keyed('used'));
    const answers = await Promise.allSettled([
      ...Array.from({ length: 10 }, (_, index) =>
        records.upsert(call, target, row(`N-${index}`, { name: 'n' }), index < 5 ? keyed(`new-${index}`) : {}),
      ),
      records.upsert(call, target, row('D-1', { name: 'a' }), keyed('used')),
      records.upsert(call, target, row('D-1', { name: 'other' }), keyed('used')),
    ]);
    expect(answers.slice(0, 10).every((answer) => answer.status === 'fulfilled' && answer.value.created === 1)).toBe(true);
    // The two that share the used key: one is in hand, the other refused for now, or both are answered in turn.
    const [repeated, reused] = answers.slice(10);
    expect(repeated).toMatchObject({ status: 'fulfilled', value: { created: 1 } });
    expect(reused).toMatchObject({ status: 'rejected', reason: { code: 'request_in_progress' } });
  });
});
