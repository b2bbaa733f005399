import { BUILTIN_RECORD_TYPES, type MetricQuery, type SemanticLayer } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleLayer, sampleRecords } from '../testing/sample.ts';
import { createTestEngine, type TestEngine } from '../testing/test-engine.ts';

let engine: TestEngine;
let layer: SemanticLayer;

beforeAll(async () => {
  layer = await sampleLayer();
  engine = await createTestEngine(BUILTIN_RECORD_TYPES);
  await engine.insert(await sampleRecords());
}, 60_000);

afterAll(() => engine.close());

const ask = async (query: MetricQuery) => (await engine.ask(query, layer, { reportingDate: '2017-12-31' })).rows;

describe('the sample', () => {
  it('has the published facts', async () => {
    const metrics = ['revenue', 'deals_won', 'deals_lost', 'deals_decided', 'win_rate'];
    const [[revenue, won, lost, decided, rate] = []] = await ask({ metrics });
    expect([revenue, won, lost, decided]).toEqual(['10005534.0000', 4238, 2473, 6711]);
    expect(rate).toBeCloseTo(0.6315, 4);
  });
});
