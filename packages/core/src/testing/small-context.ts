import type { CompileContext } from '../query/compile-context.ts';
import { SMALL_TYPES } from './small-world.ts';
import { physicalTables } from './test-engine.ts';

/** What queries over the small world are compiled for, where no engine answers them. */
export const SMALL_CONTEXT: CompileContext = {
  dialect: 'duckdb',
  workspace: 1 as CompileContext['workspace'],
  table: physicalTables(SMALL_TYPES),
  now: Date.parse('2017-06-15T22:30:00Z'),
};
