export * from './policy/index.ts';
export * from './query/compile-context.ts';
export * from './query/compiled-query.ts';
export * from './record-types/index.ts';

// Coming, in this shape (errors are thrown as SophiaError with the codes of semantic-errors.ts):
//   parseSemanticLayer(files: readonly { path: string; text: string }[], recordTypes: readonly RecordTypeDefinition[]):
//     { layer: SemanticLayer; problems: [] } | { layer: null; problems: readonly SemanticProblem[] }
//   compileQuery(query: MetricQuery, layer: SemanticLayer, context: CompileContext): CompiledQuery
//   readAnswer(compiled: CompiledQuery, result: { values: readonly (readonly unknown[])[]; rowCount: number }): MetricAnswer
//   compileDrillDown(request: { query, row, metric, part?, cursor?, limit? }, layer, context): CompiledDrillDown
//   listMetrics(layer: SemanticLayer): readonly MetricInfo[]
