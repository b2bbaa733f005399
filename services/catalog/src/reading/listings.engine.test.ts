import type { Workspace } from '@sophia/auth';
import type { RecordId } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import { row, target } from '../testing/deals.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());
const fresh = () => harness.fresh();
const byName = (value: string) => ({ filter: { field: 'name', operator: 'eq' as const, values: [value] } });

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Subplan Name'?: string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly Plans?: readonly PlanNode[];
}

/** How PostgreSQL goes about the list that `list` asks for. */
const planOf = async (workspace: Workspace, list: () => Promise<unknown>): Promise<PlanNode> => {
  const select = vi.spyOn(harness.database, 'select');
  await list();
  const [, statement, values] = select.mock.calls.find(([, { text }]) => text.includes('as edge')) ?? [];
  select.mockRestore();
  const explained = { name: `explain_${crypto.randomUUID()}`, text: `explain (analyze, format json) ${statement?.text}` };
  const rows = await harness.database.select<{ readonly 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }] }>(
    [workspace.id],
    explained,
    values,
  );
  return (rows as [(typeof rows)[0]])[0]['QUERY PLAN'][0].Plan;
};

const sumOver = (node: PlanNode, measure: (node: PlanNode) => number): number =>
  (node.Plans ?? []).reduce((sum, each) => sum + sumOver(each, measure), measure(node));
/** How often it went through a limit beside that of the page. */
const looksAtEnd = (node: PlanNode): number =>
  node['Subplan Name'] === 'CTE page'
    ? 0
    : (node.Plans ?? []).reduce((sum, each) => sum + looksAtEnd(each), node['Node Type'] === 'Limit' ? node['Actual Loops'] : 0);
const recordsRead = (plan: PlanNode): number =>
  sumOver(plan, (node) => (node['Relation Name'] === undefined ? 0 : node['Actual Rows'] * node['Actual Loops']));

describe('lists', () => {
  test('go through all records by key, page by page', async () => {
    const { call, records } = await fresh();
    await records.upsertMany(
      call,
      target,
      ['c', 'a', 'e', 'b', 'd'].map((id) => row(id, { name: id })),
    );
    await records.upsert(call, { ...target, sourceSystem: 'other' }, row('a', { name: 'z' }));
    const ids: string[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await records.list(call, 'deal', { limit: 2, cursor: cursor ?? undefined });
      ids.push(...page.items.map(({ source_system, source_id }) => `${source_system}/${source_id}`));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(ids).toEqual(['crm/a', 'crm/b', 'crm/c', 'crm/d', 'crm/e', 'other/a']);
    expect((await records.list(call, 'deal', { sourceSystem: 'other' })).items.length).toBe(1);
    expect((await records.list(call, 'deal', { sourceSystem: 'crm', sourceId: 'c' })).items).toMatchObject([{ source_id: 'c' }]);
  });

  test('that find few of many look at a portion of them, and say where to go on', async () => {
    const { call, workspace } = await fresh();
    const { records } = await harness.another({ portion: 10 });
    const rows = Array.from({ length: 30 }, (_, index) => row(`D-${10 + index}`, { name: index === 25 ? 'the one' : 'another' }));
    await records.upsertMany(call, target, rows);
    const pages = async (who: typeof call, options: object) => {
      const found: string[][] = [];
      for (let cursor: string | undefined; ; ) {
        const { items, nextCursor } = await records.list(who, 'deal', { ...options, cursor });
        found.push(items.map(({ source_id }) => source_id));
        if (nextCursor === null) return found;
        cursor = nextCursor;
      }
    };
    expect(await pages(call, byName('the one'))).toEqual([[], [], ['D-35'], []]);
    expect(await pages(call, byName('nobody'))).toEqual([[], [], [], []]);
    const limited = await pages(call, { ...byName('another'), limit: 8 });
    expect(limited.map(({ length }) => length)).toEqual([8, 8, 8, 5]);
    expect(limited.flat()).toEqual(rows.map(({ source_id }) => source_id).filter((id) => id !== 'D-35'));
    await harness.auth.policies.replace(call, [
      { rule: 'forbid', roles: ['analyst'], actions: ['read'], record_types: ['deal'], rows: { not: byName('the one').filter } },
    ]);
    await records.upsert(call, target, { ...row('D-36', {}), deleted: true });
    expect(await pages(call, { deleted: 'only' })).toEqual([[], [], ['D-36'], []]);
    const analyst = harness.callOf(workspace, 'analyst');
    expect(await pages(analyst, {})).toEqual([[], [], ['D-35'], []]);
    expect(await pages(call, { limit: 20 })).toEqual(
      [rows.slice(0, 20), rows.slice(20).filter(({ source_id }) => source_id !== 'D-36')].map((page) =>
        page.map(({ source_id }) => source_id),
      ),
    );
  });

  test('look for the end of a portion once, and only where it was not enough', async () => {
    const { call, workspace } = await fresh();
    const { records } = await harness.another({ portion: 10 });
    await records.upsertMany(
      call,
      target,
      Array.from({ length: 30 }, (_, index) => row(`D-${10 + index}`, { name: index < 8 ? 'found' : 'other' })),
    );
    const looks = async (limit: number): Promise<number> =>
      looksAtEnd(await planOf(workspace, () => records.list(call, 'deal', { limit, ...byName('found') })));
    // One look for each key of its edge.
    expect([await looks(5), await looks(8), await looks(20)]).toEqual([0, 2, 2]);
  });

  test('that end at a portion tell its caller no key, and begin nowhere by the id of a record', async () => {
    const { call, workspace } = await fresh();
    const { records } = await harness.another({ portion: 20 });
    const ids = Array.from({ length: 30 }, (_, index) => `user${10 + index}@example.com`);
    await records.upsertMany(
      call,
      target,
      ids.map((id) => row(id, { name: id })),
    );
    const isOne = { field: 'name', operator: 'eq' as const, values: ['user35@example.com'] };
    await harness.auth.policies.replace(call, [
      { rule: 'forbid', roles: ['analyst'], actions: ['read'], record_types: ['deal'], rows: { not: isOne } },
    ]);
    const analyst = harness.callOf(workspace, 'analyst');
    const { items, nextCursor } = await records.list(analyst, 'deal');
    expect([items, Buffer.from(`${nextCursor}`, 'base64url').toString()]).toEqual([[], '["records/deal","crm","user29"]']);
    const rest = await records.list(analyst, 'deal', { cursor: `${nextCursor}` });
    expect([rest.items.map(({ source_id }) => source_id), rest.nextCursor]).toEqual([['user35@example.com'], null]);
    // The caller who sees all of them gets all, also those at the edge.
    const filter = { not: isOne };
    const first = await records.list(call, 'deal', { filter });
    const second = await records.list(call, 'deal', { filter, cursor: `${first.nextCursor}` });
    expect([...first.items, ...second.items].map(({ source_id }) => source_id)).toEqual(ids.filter((id) => id !== 'user35@example.com'));
    const { id } = await records.getByKey(call, target, 'user20@example.com');
    for (const place of [[id], ['records/deal', id]]) {
      const cursor = Buffer.from(JSON.stringify(place)).toString('base64url');
      await expect(records.list(analyst, 'deal', { cursor })).rejects.toMatchObject({ code: 'invalid_cursor' });
    }
  });

  test('take no cursor of another list', async () => {
    const { call, records } = await fresh();
    await records.upsertMany(call, target, [row('a', { name: 'a' }), row('a', { name: 'b' }), row('b', { name: 'b' })]);
    const { nextCursor } = await records.list(call, 'deal', { limit: 1 });
    const cursor = `${nextCursor}`;
    const [a, b] = await Promise.all(['a', 'b'].map((id) => records.getByKey(call, target, id)));
    const refused = { code: 'invalid_cursor' };
    await expect(records.list(call, 'company', { cursor })).rejects.toMatchObject(refused);
    await expect(harness.catalog.imports.list(call, { cursor })).rejects.toMatchObject(refused);
    await expect(harness.catalog.deadLetters.list(call, { cursor })).rejects.toMatchObject(refused);
    const history = await records.history(call, 'deal', `${a?.id}` as RecordId, { limit: 1 });
    await expect(records.history(call, 'deal', `${b?.id}` as RecordId, { cursor: `${history.nextCursor}` })).rejects.toMatchObject(refused);
    await expect(records.list(call, 'deal', { cursor: `${history.nextCursor}` })).rejects.toMatchObject(refused);
  });

  test('over a path of references read each record on it once for each one that they look at', async () => {
    const { call, workspace, records } = await fresh();
    const companies = Array.from({ length: 40 }, (_, index) =>
      row(`C-${index}`, { name: `c${index}`, parent_id: `C-${(index + 1) % 40}` }),
    );
    await records.upsertMany(call, { recordType: 'company', sourceSystem: 'crm' }, companies);
    const path = [...Array.from({ length: 6 }, () => 'parent_id'), 'name'].join('.');
    const filter = { field: path, operator: 'eq' as const, values: ['c7'] };
    const found = await records.list(call, 'company', { filter });
    expect(found.items.map(({ source_id }) => source_id)).toEqual(['C-1']);
    const plan = await planOf(workspace, () => records.list(call, 'company', { filter }));
    expect(recordsRead(plan)).toBeLessThanOrEqual(40 * 8);
  });

  test('filter by fields, and say what is wrong with a filter, cursor or limit', async () => {
    const { call, records } = await fresh();
    await records.upsertMany(call, target, [row('a', { amount: '5' }), row('b', { amount: '50' }), row('c', {})]);
    const ids = async (filter: object) =>
      (await records.list(call, 'deal', { filter: filter as never })).items.map(({ source_id }) => source_id);
    expect(await ids({ field: 'amount', operator: 'gt', values: [9] })).toEqual(['b']);
    expect(await ids({ not: { field: 'amount', operator: 'is_null' } })).toEqual(['a', 'b']);
    expect(await ids({ field: 'source_id', operator: 'in', values: ['a', 'c'] })).toEqual(['a', 'c']);
    await expect(ids({ field: 'amuont', operator: 'is_null' })).rejects.toMatchObject({ code: 'invalid_filter' });
    for (const cursor of ['x', 'WyJ4Il0', 'WyJhIiwiYiIsImMiXQ'])
      await expect(records.list(call, 'deal', { cursor })).rejects.toMatchObject({ code: 'invalid_cursor' });
    await expect(records.list(call, 'deal', { limit: 0 })).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(records.list(call, 'dael')).rejects.toMatchObject({ code: 'unknown_record_type' });
  });

  test('a history goes page by page too', async () => {
    const { call, records } = await fresh();
    const versions = ['a', 'b', 'c', 'd', 'e'].map((name) => row('D-1', { name }));
    await records.upsertMany(call, target, versions);
    const { id } = await records.getByKey(call, target, 'D-1');
    const first = await records.history(call, 'deal', id, { limit: 2 });
    expect(first.items.map(({ version }) => version)).toEqual([1, 2]);
    const second = await records.history(call, 'deal', id, { limit: 3, cursor: first.nextCursor ?? undefined });
    expect(second.items.map(({ version }) => version)).toEqual([3, 4, 5]);
    expect(second.nextCursor).toBeNull();
    await expect(records.history(call, 'deal', id, { cursor: 'WyJ4Il0' })).rejects.toMatchObject({ code: 'invalid_cursor' });
    await expect(records.history(call, 'deal', 'x' as RecordId)).rejects.toMatchObject({ code: 'not_found' });
  });
});
