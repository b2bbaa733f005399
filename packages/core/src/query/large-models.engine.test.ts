import { BUILTIN_RECORD_TYPES, type MetricQuery, type SemanticLayer } from '@sophia/types';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseSemanticLayer } from '../semantic/parse-semantic-layer.ts';
import { SMALL_TYPES } from '../testing/small-world.ts';
import { createTestEngine, type TestEngine } from '../testing/test-engine.ts';

/** Dimensions and metrics that each double the one before, as far as they may, and sums that are as long as they may be. */
const doubled = (count: number, of: (name: string, before: string) => string): string =>
  Array.from({ length: count }, (_none, index) => of(`x${index + 1}`, `x${index}`)).join('\n      ');
const dimension = (name: string, before: string) => `- { name: ${name}, type: categorical, expression: ${before} + ${before} }`;
const metric = (name: string, before: string) => `- { name: ${name}, type: derived, expression: ${before} + ${before} }`;
const MODELS = `semantic_models:
  - name: call
    record_type: call
    entities: [{ name: call, type: primary }]
    dimensions:
      - { name: x0, type: categorical, expression: duration_seconds }
      ${doubled(9, dimension)}
      - { name: long, type: categorical, expression: duration_seconds${' + 1'.repeat(100)} }
    measures: [{ name: seconds, aggregation: sum, expression: duration_seconds }, { name: long, aggregation: sum, expression: long }]
metrics:
      - { name: x0, type: simple, measure: seconds }
      - { name: long, type: simple, measure: long }
      ${doubled(8, metric)}
`;

let engine: TestEngine;
let layer: SemanticLayer;

beforeAll(async () => {
  const types = [...SMALL_TYPES.filter(({ name }) => name !== 'call'), ...BUILTIN_RECORD_TYPES.filter(({ name }) => name === 'call')];
  engine = await createTestEngine(types);
  const { layer: read, problems } = parseSemanticLayer([{ path: 'models.yaml', text: MODELS }], types);
  expect(problems).toEqual([]);
  if (read === null) throw new Error('the models have no problems');
  layer = read;
  await engine.insert([
    { type: 'call', id: 1, source_id: 'a', data: { duration_seconds: 1 } },
    { type: 'call', id: 2, source_id: 'b', data: { duration_seconds: 2 } },
  ]);
});

afterAll(() => engine.close());

const rows = async (query: MetricQuery) => (await engine.ask(query, layer)).rows;

it('the most that names of names may come to is answered', async () => {
  expect(await rows({ metrics: ['x8', 'long'] })).toEqual([[3 * 2 ** 8, 203]]);
  expect(await rows({ metrics: ['x0'], dimensions: ['x9', 'long'] })).toEqual([
    [2 ** 9, 101, 1],
    [2 ** 10, 102, 2],
  ]);
});

it('filters over it are answered as long as they come to no more than they may', async () => {
  const parts = (count: number): MetricQuery => ({
    metrics: ['x0'],
    filters: [{ or: Array.from({ length: count }, (_none, index) => ({ field: 'x9', operator: 'eq', values: [index * 2 ** 9] })) }],
  });
  expect(await rows(parts(19))).toEqual([[3]]);
  await expect(rows(parts(20))).rejects.toMatchObject({ code: 'invalid_filter', message: expect.stringContaining('at most 20000') });
});
