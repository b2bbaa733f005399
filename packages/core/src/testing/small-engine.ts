import type { MetricQuery } from '@sophia/types';
import { afterAll, beforeAll } from 'vitest';
import type { CompileContext } from '../query/compile-context.ts';
import { SMALL_RECORDS, SMALL_TYPES, smallLayer } from './small-world.ts';
import { createTestEngine, type TestEngine } from './test-engine.ts';

/** An engine that holds the records of the small world while the tests of a file run; `ask` gives the rows of an answer. */
export function useSmallEngine() {
  const layer = smallLayer();
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await createTestEngine(SMALL_TYPES);
    await engine.insert(SMALL_RECORDS);
  });
  afterAll(() => engine.close());
  return {
    layer,
    engine: () => engine,
    ask: async (query: MetricQuery, context?: Partial<CompileContext>) => (await engine.ask(query, layer, context)).rows,
  };
}
