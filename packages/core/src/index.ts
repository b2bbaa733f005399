export type { SemanticProblem } from '@sophia/types';
export * from './policy/index.ts';
export * from './query/compile-context.ts';
export { compileQuery } from './query/compile-query.ts';
export * from './query/compiled-query.ts';
export { type ColumnarResult, readAnswer } from './query/read-answer.ts';
export * from './record-types/index.ts';
export {
  parseSemanticLayer,
  type SemanticFile,
  type SemanticLayerReading,
  semanticLayerError,
} from './semantic/parse-semantic-layer.ts';

// Coming, in this shape:
//   compileDrillDown(request: { query, row, metric, part?, cursor?, limit? }, layer, context): CompiledDrillDown
//   listMetrics(layer: SemanticLayer): readonly MetricInfo[]
