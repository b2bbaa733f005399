import { createTestObservability } from '@sophia/observability/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { createHealth } from './health.ts';

describe('health', () => {
  const start = Date.parse('2026-01-01T00:00:00Z');
  let elapsed: number;
  let pings: number;
  let ping: () => Promise<void>;
  let completeTo: string;
  let isClosing: boolean;
  let observability: ReturnType<typeof createTestObservability>;
  const clock = { now: () => start + elapsed, monotonic: () => elapsed };

  beforeEach(() => {
    elapsed = 0;
    pings = 0;
    ping = async () => undefined;
    completeTo = new Date(start).toISOString();
    isClosing = false;
    observability = createTestObservability();
  });
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
      eventLog: { head: async () => ({ completeTo }) },
      analytics: { status: async () => ({ lagSeconds: 0 }) },
      isClosing: () => isClosing,
      logger: observability.logger,
      clock,
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

  it('says at once that the process is stopping', async () => {
    const report = health();
    expect((await report()).status).toBe('ready');
    isClosing = true;
    expect((await report()).status).toBe('stopping');
  });
});
