import { createHash } from 'node:crypto';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestObservability } from '@sophia/observability/testing';
import { SAMPLE_FOLDER } from '@sophia/platform';
import { SophiaError } from '@sophia/shared';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ApiHarness, openApiHarness, type Received } from '../testing/api-harness.ts';

const REBUILD = '/api/v1/projections/warehouse/rebuild';
const SET_ASIDE = '/api/v1/projections/warehouse/set-aside';
const LINES = { accept: 'application/x-ndjson' };
/** More than a page of them, which do not pack well: a backup is sent in several pieces. */
const DEALS = Array.from({ length: 1_001 }, (_, at) => {
  const name = createHash('sha512').update(String(at)).digest('hex') + createHash('sha256').update(String(at)).digest('hex');
  return JSON.stringify({ source_id: `D-${at}`, name, amount: '1', currency: 'USD', status: 'open' });
}).join('\n');

describe('operating it over REST', () => {
  // Every query counts as slow.
  const observability = createTestObservability({ slowQueryMilliseconds: 0 });
  let harness: ApiHarness;
  let send: ApiHarness['send'];

  beforeAll(async () => {
    harness = await openApiHarness({ observability });
    ({ send } = harness);
    await harness.makeKey('admin', { role: 'admin' });
    const headers = { 'content-type': 'application/x-ndjson' };
    const written = await send('POST', '/api/v1/records/deal?source_system=test', { headers, body: DEALS });
    expect(written.json).toMatchObject({ created: 1_001 });
    await untilApplied(written);
  });
  afterEach(() => void vi.restoreAllMocks());
  afterAll(() => harness.close());

  /** Waits until the warehouse has it. */
  const untilApplied = async ({ json: { token } }: Received, key?: string): Promise<void> => {
    const asked = await send('POST', '/api/v1/metrics/query', {
      key,
      headers: { 'sophia-after': token },
      body: { metrics: ['open_deals'] },
    });
    expect(asked.status, asked.text).toBe(200);
  };
  const linesOf = ({ text }: Received): Record<string, unknown>[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  const audited = async (action: string): Promise<unknown[]> => {
    const { entries } = await harness.test.platform.auth.audit.list(harness.test.call, { action });
    return entries.map(({ result }) => result);
  };

  it('follows the audit: every entry once, in the order of their commits', async () => {
    const first = await send('GET', '/api/v1/audit?follow=true&limit=1000');
    const made = await send('POST', '/api/v1/keys', { body: { name: 'followed', role: 'viewer' } });
    await send('DELETE', `/api/v1/keys/${made.json.key.id}`);
    const actions = async (cursor: string) => {
      const { json } = await send('GET', `/api/v1/audit?follow=true&cursor=${encodeURIComponent(cursor)}`);
      const own = json.entries.filter(({ object }: { object: string }) => object === `key:${made.json.key.id}`);
      return { own: own.map(({ action }: { action: string }) => action), next: json.next_cursor };
    };
    const after = await actions(first.json.next_cursor);
    expect(after.own).toEqual(['key.create', 'key.revoke']);
    expect((await actions(after.next)).own).toEqual([]);
  });

  it('tells slow queries, and what is wrong with semantic models of the caller’s workspace', async () => {
    const { platform, workspace } = harness.test;
    const models = join(platform.configuration.dataDirectory, 'models', 'main');
    await cp(join(SAMPLE_FOLDER, 'models'), models, { recursive: true });
    await writeFile(join(models, 'more.yaml'), 'semantic_models: [{ name: more, record_type: nothing }]\n');
    await harness.makeKey('other', { role: 'admin', workspace: 'other', installation: true });
    await platform.analytics.reloadModels(workspace.id);
    // Who looks at the files each second may be reading them, too.
    await expect.poll(async () => (await send('GET', '/api/v1/status')).json.warehouse.problems.length).toBeGreaterThan(0);
    const { json } = await send('GET', '/api/v1/status');
    for (const { path } of json.warehouse.problems) expect(path).toContain('more.yaml');
    expect(json.slow_queries.threshold_milliseconds).toBe(0);
    expect(json.slow_queries.queries).toContainEqual(
      expect.objectContaining({ system: 'duckdb', count: expect.any(Number), total_milliseconds: expect.any(Number) }),
    );
    expect((await send('GET', '/api/v1/status', { key: 'other' })).json.warehouse.problems).toEqual([]);
  });

  it('rebuilds the warehouse and tells how far it is, line by line', async () => {
    const lines = linesOf(await send('POST', REBUILD, { headers: LINES }));
    expect(lines[0]).toMatchObject({ progress: { applied: expect.any(Number), tick: expect.any(Number), head: expect.any(Number) } });
    expect(lines.at(-1)).toMatchObject({ rebuilt: { generation: expect.any(Number) } });
    expect((await audited('projection.rebuild'))[0]).toBe('ok');
  });

  it('tells of progress a few times a second, however often there is some', async () => {
    const { analytics } = harness.test.platform;
    const rebuild = analytics.rebuild.bind(analytics);
    let told = 0;
    vi.spyOn(analytics, 'rebuild').mockImplementationOnce((call, progress) =>
      rebuild(call, (state) => {
        for (let time = 0; time < 10; time += 1) progress?.(state);
        told += 10;
      }),
    );
    const lines = linesOf(await send('POST', REBUILD, { headers: LINES }));
    expect(told).toBeGreaterThan(0);
    expect(lines.filter(({ progress }) => progress !== undefined).length).toBeLessThanOrEqual(told / 10);
  });

  it('audits a rebuild that ends in a defect as that', async () => {
    vi.spyOn(harness.test.platform.analytics, 'rebuild').mockRejectedValueOnce(new TypeError('no such thing'));
    expect(await send('POST', REBUILD)).toMatchObject({ status: 500, json: { code: 'internal_error' } });
    expect((await audited('projection.rebuild'))[0]).toBe('internal_error');
  });

  it('says why a rebuild failed, also at the end of the lines', async () => {
    // What the warehouse in use holds is no longer what the log says.
    const change = (amount: string) =>
      harness.test.sql("update event set data = data || jsonb_build_object('amount', $1::text) where source_id = 'D-0'", [amount]);
    await change('2');
    expect(await send('POST', REBUILD)).toMatchObject({ status: 500, json: { code: 'rebuild_differs' } });
    expect(linesOf(await send('POST', REBUILD, { headers: LINES })).at(-1)).toMatchObject({ problem: { code: 'rebuild_differs' } });
    await change('1');
    expect((await send('POST', REBUILD)).status).toBe(200);
    expect((await audited('projection.rebuild')).slice(0, 3)).toEqual(['ok', 'rebuild_differs', 'rebuild_differs']);
  });

  it('shows events that stand aside beyond the first page of the log’s, those of the workspace alone', async () => {
    await harness.makeKey('of another', { role: 'admin', workspace: 'another' });
    const written = await send('POST', '/api/v1/records/deal?source_system=test', { key: 'of another', body: { source_id: 'theirs' } });
    await untilApplied(written, 'of another');
    await harness.test.sql(`insert into event_set_aside (group_id, tick, tick_offset, position, workspace, record_id, poison, error, attempts)
      select event_group.id, (select max(tick) from tick), event.position, event.position, workspace, record_id, true, 'test: put aside', 3
      from event, event_group where event_group.name = 'warehouse' and kind = 'record.created'`);
    const { events } = (await send('GET', `${SET_ASIDE}?limit=1000`, { key: 'of another' })).json;
    expect(events).toMatchObject([{ record: { source_id: 'theirs' }, error: 'test: put aside', poison: true }]);
    expect((await send('GET', `${SET_ASIDE}?limit=3`)).json.events).toHaveLength(3);
    const [first] = (await send('GET', SET_ASIDE)).json.events;
    expect((await send('DELETE', `${SET_ASIDE}/${first.position}`)).json).toEqual({ discarded: 1 });
    expect((await send('DELETE', `${SET_ASIDE}/${first.position}`)).status).toBe(404);
    expect((await send('GET', SET_ASIDE)).json.events[0].position).not.toBe(first.position);
    await harness.test.sql('delete from event_set_aside');
    expect((await send('GET', SET_ASIDE)).json.events).toEqual([]);
  });

  it('audits a replay of what stands aside that does not end in time, for it goes on', async () => {
    const late = new SophiaError('deadline_exceeded', 'The replay goes on.');
    vi.spyOn(harness.test.platform.eventLog, 'replay').mockRejectedValueOnce(late);
    expect(await send('POST', `${SET_ASIDE}/replay`)).toMatchObject({ status: 503, json: { code: 'deadline_exceeded' } });
    expect((await send('POST', `${SET_ASIDE}/replay`)).json).toEqual({ succeeded: 0, failed: 0 });
    expect((await audited('set_aside.replay')).slice(0, 2)).toEqual(['ok', 'deadline_exceeded']);
  });

  it('cuts a backup off that fails in its middle, rather than to end it, and tells why in the log', async () => {
    await harness.test.sql('alter table dead_letter rename to gone');
    await expect(send('GET', '/api/v1/backup')).rejects.toThrow('terminated');
    await harness.test.sql('alter table gone rename to dead_letter');
    expect(observability.lines()).toContainEqual(
      expect.objectContaining({ msg: 'a backup was cut off', request_id: expect.any(String), err: expect.anything() }),
    );
    expect((await send('GET', '/api/v1/backup')).status).toBe(200);
  });

  it('makes no backup for who asks for its headers alone', async () => {
    const made = (await audited('backup')).length;
    expect(await send('HEAD', '/api/v1/backup')).toMatchObject({ status: 200, text: '' });
    expect(await audited('backup')).toHaveLength(made);
  });

  it('is not ready while its database refuses it, which its health says, and alive all the same', async () => {
    const ready = async () => {
      const { status, json } = await send('GET', '/health/ready', { key: '' });
      const database = json.dependencies.find(({ name }: { name: string }) => name === 'database');
      return { status, report: json.status, state: database.state, code: database.code };
    };
    const isReady = { status: 200, report: 'ready', state: 'up', code: undefined };
    expect(await ready()).toEqual(isReady);
    await harness.test.sql('alter role sophia_app connection limit 0');
    await harness.test.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'sophia_app'");
    await expect.poll(ready, { timeout: 20_000 }).toEqual({ status: 503, report: 'degraded', state: 'down', code: 'unavailable' });
    expect((await send('GET', '/health/live', { key: '' })).status).toBe(200);
    await harness.test.sql('alter role sophia_app connection limit -1');
    await expect.poll(ready, { timeout: 20_000 }).toEqual(isReady);
  });
});
