import type { Position } from '@sophia/types';
import { expect, it } from 'vitest';
import { stylesOf } from '../output/styles.ts';
import { exitOf, overview, type Status, slowQueries } from './status.ts';

const styles = stylesOf({ colour: false });
const cache = { hits: 0, misses: 0, loads: 0, joins: 0, evictions: 0, invalidated: 0, entries: 2, bytes: 3 * 2 ** 20 };
const STATUS: Status = {
  status: 'degraded',
  version: '1.2.3',
  dependencies: [
    { name: 'database', state: 'up', milliseconds: 1.5 },
    { name: 'event log', state: 'up', milliseconds: 2, ahead_seconds: 600 },
    { name: 'warehouse', state: 'down', milliseconds: 30, code: 'late' },
  ],
  process: { id: 7, uptime_seconds: 90, memory_bytes: 100 * 2 ** 20 },
  warehouse: {
    generation: 3,
    set_aside: 2,
    lag_seconds: 0.25,
    instance: 'one',
    instances: [
      { instance: 'one', running: true, lag_seconds: 0.25, set_aside: 2 },
      { instance: 'two', running: true, lag_seconds: 1.5, set_aside: 1 },
      { instance: 'three', running: true, lag_seconds: 0, set_aside: 0 },
      { instance: 'four', running: false, lag_seconds: 600, set_aside: 0 },
    ],
    problems: [{ path: 'deal.yaml', line: 3, column: 1, message: 'no such field' }],
  },
  caches: { answers: cache, results: { ...cache, hits: 3, misses: 1 } },
  freshness: { complete_to: '2026-11-20T12:00:00Z', position: 'x.1.0' as Position, state: 'complete', set_aside: 0, sources: [] },
  slow_queries: { threshold_milliseconds: 200, queries: [] },
};

it('the overview says what is down, what stands aside and which models are wrong', () => {
  const lines = overview(STATUS, styles).split('\n');
  expect(lines.slice(0, -2)).toEqual([
    'degraded  Sophia 1.2.3, process 7, up 90 s, 100 MiB',
    '  database: up, 1.5 ms',
    "  event log: up, 2 ms, ahead of its machine's clock by 10 min",
    '  warehouse: down, late',
    '  answers: 0.3 s behind the log, generation 3, 2 events stand aside',
    '  instance two: 1.5 s behind the log, 1 events stand aside',
    '  instance three: 0.0 s behind the log',
    '  instance four: not running, since 10 min',
    '  cache of answers: 2 entries, 3 MiB, not asked yet',
    '  cache of results: 2 entries, 3 MiB, 75.0 % hits',
    '  semantic models: deal.yaml:3:1: no such field',
  ]);
  expect([exitOf(STATUS), exitOf({ status: 'ready' })]).toEqual(['failed', 'ok']);
  expect(lines.at(-2)).toContain('complete to 2026-11-20 12:00:00 UTC');
});

it('slow queries are listed with their longest and mean time, or said not to be', () => {
  expect(slowQueries(STATUS, undefined, styles)).toBe('No query took longer than 200 ms of late.\n');
  const slow = {
    system: 'duckdb',
    text: 'select 1',
    count: 4,
    total_milliseconds: 1000,
    maximum_milliseconds: 700.4,
    last: '2026-11-20T12:00:00Z',
  };
  const told = slowQueries({ ...STATUS, slow_queries: { threshold_milliseconds: 200, queries: [slow] } }, undefined, styles);
  expect(told).toMatch(/^Longest ms {2}Mean ms {2}Times {2}Where/);
  expect(told).toMatch(/\n +700 +250 +4 {2}duckdb {2}\d+ days ago {2}select 1\n$/);
});
