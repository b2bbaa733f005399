import { createTestObservability } from '@sophia/observability/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestPlatform, type TestPlatform } from '../testing/test-platform.ts';

describe('traces', () => {
  const observability = createTestObservability({ traces: true });
  let test: TestPlatform;
  beforeAll(async () => {
    test = await openTestPlatform({ observability });
  });
  afterAll(() => test.close());

  const named = (name: string) => observability.spans().filter((span) => span.name === name);
  /** Does it as a request; resolves to its trace. */
  const request = async (work: () => Promise<unknown>): Promise<string> => {
    const trace = observability.tracer.startRequest({ name: 'request', requestId: 'r' });
    await trace.run(work);
    trace.end();
    return trace.traceId;
  };
  const write = async (id: string): Promise<string> => {
    const token = await test.write('deal', id, { status: 'won', amount: '1', currency: 'USD', close_date: '2017-06-01' });
    await test.ask({ metrics: ['deals_won'] }, { after: token });
    return token;
  };
  /** Each batch, with what was applied in it. */
  const expectBatches = (): void => {
    const batches = named('log.batch');
    expect(batches.length).toBeGreaterThan(0);
    for (const batch of batches) {
      expect(batch.parentSpanContext).toBeUndefined();
      expect(batch.attributes).toMatchObject({ 'sophia.group': 'warehouse', 'sophia.events': expect.any(Number) });
    }
    const applied = named('warehouse.apply').map(({ parentSpanContext }) => parentSpanContext?.spanId);
    for (const span of batches.map((batch) => batch.spanContext().spanId)) expect(applied).toContain(span);
  };

  it('go from a request through the warehouse', async () => {
    // What statements are compiled against is known from then on.
    await test.ask({ metrics: ['revenue'] });
    const traceId = await request(() => test.ask({ metrics: ['revenue'] }, { cache: 'bypass' }));
    const queries = named('warehouse.query').filter((span) => span.spanContext().traceId === traceId);
    expect(queries).toHaveLength(1);
    expect(queries[0]?.attributes).toMatchObject({
      'db.system.name': 'duckdb',
      'db.query.text': expect.stringContaining('select'),
      'sophia.rows': 1,
    });
  });

  it('begin with each batch of the log, and go through what is applied', async () => {
    await request(() => write('1'));
    expectBatches();
  });

  it('of batches are their own also when a request had the projection begin again', async () => {
    const traceId = await request(() => test.platform.analytics.rebuild(test.call));
    await write('2');
    expectBatches();
    expect(named('log.batch').map((span) => span.spanContext().traceId)).not.toContain(traceId);
  });

  it('begin with each batch of another group, too', async () => {
    await write('3');
    let events = 0;
    const member = await test.platform.eventLog.consume('another', async (batch) => {
      events += batch.events.length;
    });
    await expect.poll(() => events, { timeout: 10_000 }).toBeGreaterThan(0);
    await member.close();
    const batches = named('log.batch').filter(({ attributes }) => attributes['sophia.group'] === 'another');
    expect(batches.reduce((sum, { attributes }) => sum + Number(attributes['sophia.events']), 0)).toBe(events);
  });

  it('are not made for ticks without events', async () => {
    const { tick } = await test.platform.eventLog.head();
    await test.platform.eventLog.waitForTick(tick, 10_000);
    for (const { attributes } of named('log.batch')) expect(attributes['sophia.events']).toBeGreaterThan(0);
  });
});
