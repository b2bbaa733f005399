import type { LogEvent, Position, WorkspaceId } from '@sophia/types';
import { describe, expect, it } from 'vitest';
import { createFreshnessTexts, setAsideKey } from './freshness-texts.ts';
import { createSourceActivities, followSources, type SourceActivities } from './source-activity.ts';

const W = 1 as WorkspaceId;
const NOW = Date.parse('2026-01-01T00:01:00Z');
const readPoint = { tick: 1, position: 'e.1.0' as Position, completeTo: '2026-01-01T00:00:59.800000Z' };

const event = (part: Partial<LogEvent>): LogEvent => ({
  event_version: 1,
  position: 'e.1.1' as Position,
  at: '2026-01-01T00:00:30.000000Z',
  workspace: W,
  kind: 'record.created',
  record: null,
  version: null,
  occurred_at: null,
  source_version: null,
  business_priority: null,
  created_at: null,
  actor: { principal: 'test', via: 'system' },
  cause: {},
  data: null,
  previous: null,
  original: null,
  ...part,
});
const record = (source_system: string, record_type: string) => ({ id: '1' as never, source_system, record_type, source_id: 's' });

describe('the freshness of sources', () => {
  const followed = () => {
    const sources = createSourceActivities();
    sources.load([
      {
        workspace: W,
        source_system: 'crm',
        record_type: 'deal',
        last_record_at: '2026-01-01T00:00:10.000000Z',
        last_sync_at: '2026-01-01T00:00:11.000000Z',
        sync: 'succeeded',
      },
      { workspace: W, source_system: 'idle', record_type: 'deal', last_record_at: null, last_sync_at: null, sync: 'none' },
    ]);
    followSources(sources, [
      event({ record: record('crm', 'deal') }),
      event({ record: record('crm', 'deal'), at: '2026-01-01T00:00:01.000000Z' }),
      event({ record: record('calls', 'call') }),
      event({ kind: 'sync.finished', data: { source_system: 'calls', state: 'failed' }, at: '2026-01-01T00:00:40.000000Z' }),
      event({ kind: 'sync.finished', data: {} }),
    ]);
    return sources;
  };

  it('is each source’s behind an answer, with its last record and import', () => {
    const sources = followed();
    expect(sources.freshness(W, ['deal'], readPoint, NOW, false)).toEqual([
      {
        source_system: 'crm',
        last_record_at: '2026-01-01T00:00:30.000000Z',
        last_sync_at: '2026-01-01T00:00:11.000000Z',
        lag_seconds: 0.2,
        state: 'fresh',
      },
    ]);
    expect(sources.freshness(W, undefined, readPoint, NOW, false).map(({ source_system, state }) => [source_system, state])).toEqual([
      ['calls', 'failed'],
      ['crm', 'fresh'],
    ]);
    expect(sources.freshness(2 as WorkspaceId, undefined, readPoint, NOW, false)).toEqual([]);
  });

  it('tells a source that is late, that failed, and answers that are incomplete', () => {
    const sources = followed();
    const state = (now: number, incomplete = false) => sources.freshness(W, ['deal'], readPoint, now, incomplete)[0]?.state;
    expect([state(NOW), state(NOW + 60_000), state(NOW, true)]).toEqual(['fresh', 'late', 'incomplete']);
    sources.synced(W, 'crm', '2026-01-01T00:00:50.000000Z', 'failed');
    expect([state(NOW), state(NOW + 60_000)]).toEqual(['failed', 'failed']);
  });

  it('tells a source of which an import was interrupted, until it is resumed', () => {
    const sources = followed();
    const states = () => sources.freshness(W, ['deal'], readPoint, NOW, false).map(({ state }) => state);
    sources.interrupted([
      { workspace: 2 as WorkspaceId, source_system: 'crm' },
      { workspace: W, source_system: 'other' },
    ]);
    expect(states()).toEqual(['fresh']);
    sources.interrupted([{ workspace: W, source_system: 'crm' }]);
    expect(states()).toEqual(['failed']);
    sources.interrupted([]);
    expect(states()).toEqual(['fresh']);
  });

  it('tells a source that failed before the start, and when', () => {
    const sources = createSourceActivities();
    const last = { workspace: W, record_type: 'deal', last_record_at: '2026-01-01T00:00:10.000000Z' };
    const failedAt = '2026-01-01T00:00:11.000000Z';
    sources.load([
      { ...last, source_system: 'crm', last_sync_at: failedAt, sync: 'failed' },
      { ...last, source_system: 'shop', last_sync_at: null, sync: 'none' },
    ]);
    expect(sources.freshness(W, ['deal'], readPoint, NOW, false)).toMatchObject([
      { source_system: 'crm', state: 'failed', last_sync_at: failedAt },
      { source_system: 'shop', state: 'fresh', last_sync_at: null },
    ]);
  });

  it('is text that stands for some milliseconds, and counts what stands aside', () => {
    let now = 0;
    const texts = createFreshnessTexts(followed(), { now: () => NOW, monotonic: () => now });
    const text = texts.text(W, ['deal'], readPoint);
    expect(JSON.parse(text)).toMatchObject({ complete_to: readPoint.completeTo, state: 'complete' });
    expect(texts.text(W, ['deal'], readPoint)).toBe(text);
    now += 1000;
    expect(JSON.parse(texts.text(W, ['deal'], { ...readPoint, tick: 2 }))).toMatchObject({ state: 'complete' });
    texts.setAside(
      new Map([
        [setAsideKey(W, 'deal'), 2],
        [setAsideKey(W, 'call'), 1],
      ]),
    );
    expect(JSON.parse(texts.text(W, ['deal'], readPoint))).toMatchObject({ state: 'incomplete', set_aside: 2 });
    expect(texts.freshness(W, undefined, readPoint).set_aside).toBe(3);
    expect(texts.freshness(2 as WorkspaceId, undefined, readPoint).state).toBe('complete');
  });

  it('is made anew where there are more texts than are kept', () => {
    let made = 0;
    const sources = followed();
    const counted: SourceActivities = {
      ...sources,
      freshness(...args) {
        made += 1;
        return sources.freshness(...args);
      },
    };
    const texts = createFreshnessTexts(counted, { now: () => NOW, monotonic: () => 0 });
    const ask = (type: number) => texts.text(W, [`type ${type}`], readPoint);
    for (let type = 0; type < 1_000; type += 1) ask(type);
    ask(0);
    expect(made).toBe(1_000);
    ask(1_000);
    ask(0);
    expect(made).toBe(1_002);
    ask(0);
    expect(made).toBe(1_002);
  });
});
