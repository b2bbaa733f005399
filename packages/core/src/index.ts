export type { SemanticProblem } from '@sophia/types';
export { dialects } from './dialects/dialects.ts';
export * from './policy/index.ts';
export * from './query/compile-context.ts';
export { compileQuery } from './query/compile-query.ts';
export * from './query/compiled-query.ts';
export { compileDrillDown, type DrillDownRequest, MAX_DRILL_DOWN } from './query/drill-down.ts';
export { type DimensionDescription, listAllowedMetrics, listMetrics, type MetricDescription } from './query/list-metrics.ts';
export { type ColumnarResult, readAnswer } from './query/read-answer.ts';
export { type DrilledRecord, nextRecord, readDrillDown } from './query/read-drill-down.ts';
export * from './record-types/index.ts';
export { type CompiledRollup, compileRollup } from './rollup/compile-rollup.ts';
export { definitionsIn } from './semantic/definitions-in.ts';
export { valueTypeOf } from './semantic/name-scope.ts';
export {
  parseSemanticLayer,
  type SemanticFile,
  type SemanticLayerReading,
} from './semantic/parse-semantic-layer.ts';
export { semanticLayerError } from './semantic/semantic-layer-error.ts';
