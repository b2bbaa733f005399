import { describe, expect, it } from 'vitest';
import { createMetrics } from './metrics.ts';
import { MAXIMUM_SERIES } from './series-table.ts';

describe('metrics', () => {
  const rendered = async (metrics: ReturnType<typeof createMetrics>) => (await metrics.render()).split('\n').filter((line) => line !== '');

  it('count', async () => {
    const metrics = createMetrics();
    const requests = metrics.counter({ name: 'sophia_requests_total', help: 'Requests.', labels: ['route', 'status'] });
    requests.with({ route: '/a', status: '200' }).add();
    requests.with({ route: '/a', status: '200' }).add(2);
    requests.with({ status: '500', route: '/b"\\\n' }).add();
    expect(await rendered(metrics)).toEqual([
      '# HELP sophia_requests_total Requests.',
      '# TYPE sophia_requests_total counter',
      'sophia_requests_total{route="/a",status="200"} 3',
      'sophia_requests_total{route="/b\\"\\\\\\n",status="500"} 1',
    ]);
  });

  it('without labels are there from the start', async () => {
    const metrics = createMetrics();
    const counter = metrics.counter({ name: 'sophia_starts_total', help: 'Starts.' }).with();
    expect(await rendered(metrics)).toContain('sophia_starts_total 0');
    counter.add();
    expect(await rendered(metrics)).toContain('sophia_starts_total 1');
  });

  it('gauge', async () => {
    const metrics = createMetrics();
    const connections = metrics.gauge({ name: 'sophia_connections', help: 'Connections.', labels: ['pool'] }).with({ pool: 'app' });
    connections.set(5);
    connections.add(-2);
    expect(await rendered(metrics)).toContain('sophia_connections{pool="app"} 3');
  });

  it('observe when they are asked', async () => {
    const metrics = createMetrics();
    let lag = 1;
    metrics.observedGauge({ name: 'sophia_lag_seconds', help: 'Lag.' }, () => lag);
    metrics.observedGauge({ name: 'sophia_size_bytes', help: 'Size.', labels: ['tier'] }, async () => [
      { labels: { tier: 'L1' }, value: 7 },
    ]);
    lag = 2;
    expect(await rendered(metrics)).toEqual(expect.arrayContaining(['sophia_lag_seconds 2', 'sophia_size_bytes{tier="L1"} 7']));
  });

  it('that give no value are left out and counted, and the others are there', async () => {
    const metrics = createMetrics({ observeMilliseconds: 10 });
    const late = Promise.withResolvers<number>();
    let asked = 0;
    metrics.observedGauge({ name: 'sophia_good', help: 'x' }, () => 1);
    metrics.observedGauge({ name: 'sophia_rejects', help: 'x' }, () => Promise.reject(new Error('gone')));
    metrics.observedGauge({ name: 'sophia_throws', help: 'x' }, () => {
      throw new Error('gone');
    });
    metrics.observedGauge({ name: 'sophia_hangs', help: 'x' }, () => {
      asked++;
      return late.promise;
    });
    await metrics.render();
    const lines = await rendered(metrics);
    expect(lines.filter((line) => /^sophia_(good|rejects|throws|hangs)/.test(line))).toEqual(['sophia_good 1']);
    expect(lines).toEqual(
      expect.arrayContaining(['rejects', 'throws', 'hangs'].map((name) => `sophia_metrics_failures_total{metric="sophia_${name}"} 1`)),
    );
    expect(asked).toBe(1);
    late.resolve(5);
    await late.promise;
    expect(await rendered(metrics)).toContain('sophia_hangs 5');
  });

  it('count what is kept elsewhere', async () => {
    const metrics = createMetrics();
    metrics.observedCounter({ name: 'sophia_hits_total', help: 'Hits.' }, () => 3);
    expect(await rendered(metrics)).toEqual(expect.arrayContaining(['# TYPE sophia_hits_total counter', 'sophia_hits_total 3']));
  });

  it('spread over buckets that add up, bounds belonging to the lower one', async () => {
    const metrics = createMetrics();
    const seconds = metrics
      .histogram({ name: 'sophia_wait_seconds', help: 'Waits.', labels: ['queue'], buckets: [0.1, 1] })
      .with({ queue: 'q' });
    for (const value of [0.05, 0.1, 0.5, 3]) seconds.observe(value);
    expect(await rendered(metrics)).toEqual([
      '# HELP sophia_wait_seconds Waits.',
      '# TYPE sophia_wait_seconds histogram',
      'sophia_wait_seconds_bucket{queue="q",le="0.1"} 2',
      'sophia_wait_seconds_bucket{queue="q",le="1"} 3',
      'sophia_wait_seconds_bucket{queue="q",le="+Inf"} 4',
      'sophia_wait_seconds_sum{queue="q"} 3.65',
      'sophia_wait_seconds_count{queue="q"} 4',
    ]);
  });

  it('have latency buckets unless told', async () => {
    const metrics = createMetrics();
    metrics.histogram({ name: 'sophia_http_seconds', help: 'Requests.' }).with().observe(0.0004);
    expect(await rendered(metrics)).toEqual(
      expect.arrayContaining(['sophia_http_seconds_bucket{le="0.0005"} 1', 'sophia_http_seconds_bucket{le="30"} 1']),
    );
  });

  it('defined again are the same, and defined otherwise an error', async () => {
    const metrics = createMetrics();
    const define = () => metrics.counter({ name: 'sophia_shared_total', help: 'x', labels: ['part'] }).with({ part: 'a' });
    define().add();
    define().add();
    expect(await rendered(metrics)).toContain('sophia_shared_total{part="a"} 2');
    expect(() => metrics.gauge({ name: 'sophia_shared_total', help: 'x', labels: ['part'] })).toThrow('defined in two ways');
    expect(() => metrics.counter({ name: 'sophia_shared_total', help: 'x' })).toThrow('defined in two ways');
    metrics.observedGauge({ name: 'sophia_lag', help: 'x' }, () => 1);
    metrics.observedGauge({ name: 'sophia_lag', help: 'x' }, () => 2);
    expect((await rendered(metrics)).filter((line) => line.startsWith('sophia_lag '))).toEqual(['sophia_lag 2']);
  });

  it('cannot fill the memory with label values', async () => {
    const metrics = createMetrics();
    const counter = metrics.counter({ name: 'sophia_many_total', help: 'x', labels: ['id'] });
    for (let index = 0; index < MAXIMUM_SERIES + 50; index++) counter.with({ id: String(index) }).add();
    const lines = (await rendered(metrics)).filter((line) => line.startsWith('sophia_many_total{'));
    expect(lines).toHaveLength(MAXIMUM_SERIES + 1);
    expect(lines.at(-1)).toBe('sophia_many_total{id="other"} 50');
    counter.with({ id: '7' }).add();
    expect((await rendered(metrics)).at(9)).toBe('sophia_many_total{id="7"} 2');
  });

  it('take a label that was left out for an empty one', async () => {
    const metrics = createMetrics();
    const counter = metrics.counter({ name: 'sophia_partial_total', help: 'x', labels: ['a', 'b'] });
    counter.with({ a: '1' } as { a: string; b: string }).add();
    expect(await rendered(metrics)).toContain('sophia_partial_total{a="1",b=""} 1');
  });

  it('of the process are there where they are asked for', async () => {
    const text = await createMetrics({ processMetrics: true }).render();
    expect(text).toContain('process_resident_memory_bytes');
    expect(text).toContain('nodejs_active_resources{');
    // As promtool's lint has it.
    expect(text).not.toMatch(/^# TYPE \S+_total gauge$/m);
    expect(await createMetrics().render()).not.toContain('process_resident_memory_bytes');
    expect(createMetrics().contentType).toContain('text/plain');
  });
});
