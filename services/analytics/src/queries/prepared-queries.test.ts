import { resolvePolicy } from '@sophia/core';
import { BUILTIN_RECORD_TYPES, type Role, type WorkspaceId } from '@sophia/types';
import { expect, it } from 'vitest';
import { createSemanticLayers } from '../models/semantic-layers.ts';
import { createPreparedQueries } from './prepared-queries.ts';

const W = 1 as WorkspaceId;
const TODAY = { metrics: ['deals'], time_range: { from: 'today', to: 'today+1days' } };
const ALL = { metrics: ['deals'] };

const MODEL = `
semantic_models:
  - name: deal
    record_type: deal
    default_time_dimension: close_date
    entities: [{ name: deal, type: primary }]
    dimensions: [{ name: close_date, type: time }]
    measures: [{ name: deals, aggregation: count }]
metrics:
  - { name: deals, type: simple, measure: deals }
`;

const layerOf = (text: string) =>
  createSemanticLayers({
    readModels: async () => [{ path: 'deal.yaml', text }],
    readRecordTypes: async () => BUILTIN_RECORD_TYPES,
    logger: { info: () => undefined, error: () => undefined },
  }).layer(W);

const policyOf = (role: Role) => resolvePolicy({ role, rules: [], types: BUILTIN_RECORD_TYPES, user: null });

/** Prepares queries at moments by the wall clock. */
const open = async () => {
  const time = { now: 0 };
  const calendar: { timeZone: string; weekStart: 'monday' | 'sunday' } = { timeZone: 'Asia/Kathmandu', weekStart: 'monday' };
  const layer = await layerOf(MODEL);
  const policy = policyOf('admin');
  const prepared = createPreparedQueries({
    warehouse: { layout: () => undefined },
    clock: { now: () => time.now },
    calendar: () => calendar,
    rollups: () => [],
    onlyCurrency: () => undefined,
    onlySourceSystem: () => undefined,
  });
  const prepareAt = (moment: string, query = TODAY as typeof ALL) => {
    time.now = Date.parse(moment);
    return prepared.prepare(W, query, layer, policy);
  };
  return { prepareAt, prepared, layer, policy, calendar };
};

it('a question about today is compiled anew from midnight on, by the wall clock', async () => {
  const { prepareAt, prepared } = await open();
  // A quarter past six in the evening, UTC.
  const before = prepareAt('2026-11-30T18:14:59.999Z');
  expect([before.compiled.today, prepareAt('2026-11-30T18:00:00Z') === before]).toEqual(['2026-11-30', true]);
  const after = prepareAt('2026-11-30T18:15:00Z');
  expect([after.compiled.today, after.key === before.key, prepared.isOfToday(before)]).toEqual(['2026-12-01', false, false]);
});

it('a wall clock that steps, forth or back, takes today with it at once', async () => {
  const { prepareAt } = await open();
  const days = ['2026-11-30T12:00:00Z', '2026-12-03T12:00:00Z', '2026-11-30T12:00:00Z'].map((moment) => prepareAt(moment).compiled.today);
  expect(days).toEqual(['2026-11-30', '2026-12-03', '2026-11-30']);
});

it('a question about no day stands while its tables do', async () => {
  const { prepareAt, prepared } = await open();
  const of = prepareAt('2026-11-30T12:00:00Z', ALL);
  expect([prepareAt('2026-12-03T12:00:00Z', ALL) === of, prepared.isOfToday(of)]).toEqual([true, true]);
  prepared.forget(W);
  expect([prepareAt('2026-12-03T12:00:00Z', ALL) === of, prepared.isCurrent(of)]).toEqual([false, false]);
});

it('an answer is given again only in the same workspace, by the same models, policy and calendar', async () => {
  const { prepared, layer, policy, calendar } = await open();
  const labelled = await layerOf(MODEL.replace('measure: deals }', 'measure: deals, label: Deals }'));
  const prepareAll = () => prepared.prepare(W, ALL, layer, policy);
  const inWeeksOf = (weekStart: typeof calendar.weekStart) => {
    calendar.weekStart = weekStart;
    prepared.forget(W);
    return prepareAll();
  };
  const first = prepareAll();
  const others = [
    prepared.prepare(2 as WorkspaceId, ALL, layer, policy),
    prepared.prepare(W, ALL, labelled, policy),
    prepared.prepare(W, ALL, layer, policyOf('viewer')),
    inWeeksOf('sunday'),
  ];
  expect(new Set([first, ...others].map(({ key }) => key)).size).toBe(5);
  expect(new Set([first, ...others].map(({ identity }) => identity)).size).toBe(5);
  // Other tables make the same answer of the same rows, which may have been others before.
  const again = inWeeksOf('monday');
  expect([again.identity === first.identity, again.key === first.key]).toEqual([true, false]);
});
