import { createTestObservability } from '@sophia/observability/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createHealth } from './health.ts';

describe('health', () => {
  const start = Date.parse('2026-01-01T00:00:00Z');
  let elapsed: number;
  let pings: number;
  let ping: () => Promise<void>;
  let completeTo: string;
  let appliedTo: string;
  let tick: number;
  let head: () => Promise<{ readonly completeTo: string }>;
  let isClosing: boolean;
  let observability: ReturnType<typeof createTestObservability>;
  const clock = { now: () => start + elapsed, monotonic: () => elapsed };

  beforeEach(() => {
    elapsed = 0;
    pings = 0;
    ping = async () => undefined;
    completeTo = new Date(start).toISOString();
    appliedTo = completeTo;
    tick = 1;
    head = async () => ({ completeTo });
    isClosing = false;
    observability = createTestObservability();
  });
  afterEach(() => void vi.useRealTimers());
  const health = () =>
    createHealth({
      version: '1',
      app: {
        ping: async () => {
          pings++;
          await ping();
          return 0;
        },
      },
      eventLog: { head: () => head() },
      analytics: { readPoint: () => ({ tick, completeTo: appliedTo }) },
      isClosing: () => isClosing,
      logger: observability.logger,
      clock,
    });

  it('counts what a warehouse is behind a log of which it has nothing yet from the start', async () => {
    tick = 0;
    appliedTo = new Date(0).toISOString();
    const report = health();
    expect((await report()).status).toBe('ready');
    elapsed = 30_001;
    completeTo = new Date(start + elapsed).toISOString();
    expect((await report()).dependencies.at(-1)).toMatchObject({ name: 'warehouse', state: 'down', code: 'late' });
  });

  it('looks at a dependency once, however many ask at a time, and again after 250 ms', async () => {
    const held = Promise.withResolvers<void>();
    ping = () => held.promise;
    const report = health();
    const many = Array.from({ length: 50 }, report);
    // However long it takes, nobody begins another look.
    elapsed = 10_000;
    many.push(report());
    held.resolve();
    completeTo = new Date(start + elapsed).toISOString();
    for (const each of await Promise.all(many)) expect(each.dependencies[0]).toMatchObject({ name: 'database', state: 'up' });
    await report();
    elapsed += 249;
    await report();
    expect(pings).toBe(1);
    elapsed += 1;
    await report();
    expect(pings).toBe(2);
  });

  it('tells that the log is ahead of the clock, which is no fault of it, and the log of the process once', async () => {
    completeTo = new Date(start + 3_600_000).toISOString();
    appliedTo = completeTo;
    const report = health();
    const aheadOf = async () => {
      const { status, dependencies } = await report();
      elapsed += 250;
      return [status, ...dependencies.flatMap(({ ahead_seconds: seconds }) => seconds ?? [])];
    };
    expect([await aheadOf(), await aheadOf()]).toEqual([
      ['ready', 3600],
      ['ready', 3599.75],
    ]);
    elapsed = 3_598_000;
    expect(await aheadOf()).toEqual(['ready']);
    const warnings = observability.lines().filter(({ level }) => level === 'warn');
    expect(warnings).toMatchObject([{ ahead_seconds: 3600 }]);
  });

  it('tells outwards a code, and the log once what is behind it', async () => {
    ping = () => Promise.reject(new Error('password authentication failed for user "sophia_app" at 10.0.0.7'));
    completeTo = new Date(start - 31_000).toISOString();
    const report = health();
    const { status, dependencies } = await report();
    expect(status).toBe('degraded');
    expect(dependencies.map(({ name, state, code }) => [name, state, code])).toEqual([
      ['database', 'down', 'unavailable'],
      ['event log', 'down', 'late'],
      ['warehouse', 'up', undefined],
    ]);
    expect(JSON.stringify(dependencies)).not.toContain('10.0.0.7');
    elapsed += 250;
    await report();
    const errors = observability.lines().filter(({ level }) => level === 'error');
    expect(errors.map(({ dependency }) => dependency)).toEqual(expect.arrayContaining(['database', 'event log']));
    expect(errors).toHaveLength(2);
    expect(JSON.stringify(errors)).toContain('10.0.0.7');
    ping = async () => undefined;
    elapsed += 250;
    await report();
    expect(observability.lines().at(-1)).toMatchObject({ dependency: 'database', msg: 'a dependency is up again' });
  });

  it('a warehouse that is too far behind the log is late, also by what the log said last', async () => {
    const report = health();
    completeTo = new Date(start + 31_000).toISOString();
    const late = { name: 'warehouse', state: 'down', code: 'late' };
    expect((await report()).dependencies[2]).toEqual(late);
    head = () => Promise.reject(new Error('gone'));
    elapsed += 250;
    expect((await report()).dependencies.slice(1)).toEqual([{ name: 'event log', state: 'down', code: 'unavailable' }, late]);
    appliedTo = completeTo;
    elapsed += 250;
    expect((await report()).dependencies[2]).toMatchObject({ name: 'warehouse', state: 'up' });
  });

  it('waits two seconds for what does not answer, and blames nothing else for it', async () => {
    vi.useFakeTimers();
    ping = () => new Promise(() => undefined);
    head = () => new Promise(() => undefined);
    const reported = health()();
    await vi.advanceTimersByTimeAsync(2_000);
    const { status, dependencies } = await reported;
    expect(status).toBe('degraded');
    expect(dependencies).toMatchObject([
      { name: 'database', state: 'down', code: 'unavailable' },
      { name: 'event log', state: 'down', code: 'unavailable' },
      { name: 'warehouse', state: 'up' },
    ]);
  });

  it('says at once that the process is stopping', async () => {
    const report = health();
    expect((await report()).status).toBe('ready');
    isClosing = true;
    expect((await report()).status).toBe('stopping');
  });
});
