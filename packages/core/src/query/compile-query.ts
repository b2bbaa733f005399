import type { MetricQuery, SemanticLayer } from '@sophia/types';
import { dialects } from '../dialects/dialects.ts';
import { findRollup } from '../rollup/rollup-block.ts';
import { linkedLayer } from '../semantic/link-layer.ts';
import { StatementWriter } from '../sql/statement-writer.ts';
import { writeAnswer } from '../sql/write-answer.ts';
import { formatDay } from '../time/calendar.ts';
import type { CompileContext } from './compile-context.ts';
import type { CompiledQuery } from './compiled-query.ts';
import { dependenciesOf } from './dependencies.ts';
import { planQuery } from './plan-query.ts';

/**
 * Compiles a metric query into one statement (docs/reference/metric-queries.md). Pure: the same query, layer and
 * context give the same text. Throws `SophiaError` with the codes of `semantic-errors.ts`.
 */
export function compileQuery(query: MetricQuery, layer: SemanticLayer, context: CompileContext): CompiledQuery {
  const linked = linkedLayer(layer);
  const plan = planQuery(query, linked, context);
  const writer = new StatementWriter(dialects[context.dialect]);
  const rollups = new Map(
    plan.blocks.flatMap((block) => {
      const rollup = findRollup(block, plan, linked, context);
      return rollup === undefined ? [] : [[block, rollup] as const];
    }),
  );
  const scope = { rollups, plan, writer, context, recordTypes: linked.recordTypes, time: plan, asOf: plan.asOf };
  const { text, columns, checks } = writeAnswer(scope);
  const dependencies = dependenciesOf(plan, linked, context);
  return {
    ...writer.finish(text),
    columns,
    checks,
    today: formatDay(plan.today),
    asOf: plan.asOf,
    models: [...new Set(plan.blocks.map((block) => block.from.model.name))],
    rollup: [...new Set([...rollups.values()].map(({ available }) => available.rollup))].join(', ') || null,
    ...dependencies,
  };
}
