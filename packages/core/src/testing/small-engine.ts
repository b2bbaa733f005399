import { SMALL_RECORDS, SMALL_TYPES } from './small-world.ts';
import { createTestEngine, type TestEngine } from './test-engine.ts';

/** An engine that holds the records of the small world. */
export async function createSmallEngine(): Promise<TestEngine> {
  const engine = await createTestEngine(SMALL_TYPES);
  await engine.insert(SMALL_RECORDS);
  return engine;
}
