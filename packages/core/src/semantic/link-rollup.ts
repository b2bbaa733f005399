import type { ModelRollup } from '@sophia/types';
import { bindExpression, type NameResolver } from '../expression/bind-expression.ts';
import { type BoundExpression, fieldsOf, readsToday } from '../expression/bound-expression.ts';
import { ExpressionProblem } from '../expression/expression.ts';
import { parseExpression } from '../expression/parse-expression.ts';
import { closest } from './closest.ts';
import { checked, type Report } from './link-problem.ts';
import type { LinkedMeasure, LinkedModel, LinkedRollup } from './linked-layer.ts';

/** Checks that a rollup can be kept exactly, change by change; what is wrong is reported, and the rollup then undefined. */
export function linkRollup(definition: ModelRollup, linked: LinkedModel, names: NameResolver, report: Report): LinkedRollup | undefined {
  const dimensions = checked({ definition, key: 'dimensions' }, report, () =>
    eachOnce(definition.dimensions).map((name) => bindDimension(name, names)),
  );
  const measures = checked({ definition, key: 'measures' }, report, () => {
    if (definition.measures.length === 0) throw new ExpressionProblem(0, 'a rollup is of at least one measure');
    return eachOnce(definition.measures).map((name) => findMeasure(name, linked));
  });
  const time = checked({ definition, key: 'time_dimension' }, report, () => findTime(definition, linked, measures ?? []));
  if (dimensions === undefined || measures === undefined || time === undefined) return undefined;
  return { definition, dimensions, measures, time: time ?? undefined };
}

function eachOnce(names: readonly string[]): readonly string[] {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new ExpressionProblem(0, `${twice} is there twice`);
  return names;
}

function bindDimension(name: string, names: NameResolver): BoundExpression {
  const expression = bindExpression(parseExpression(name), names);
  return kept(name, expression);
}

/** Differences are known for a record and for what it refers to directly. */
function kept(name: string, expression: BoundExpression): BoundExpression {
  if (readsToday(expression)) throw new ExpressionProblem(0, `${name} depends on the current day, so a rollup cannot keep it`);
  if ([...fieldsOf(expression)].some(({ path }) => path.length > 1)) {
    throw new ExpressionProblem(0, `${name} is more than one reference away, so a rollup cannot keep it`);
  }
  return expression;
}

function findMeasure(name: string, { model, measures }: LinkedModel): LinkedMeasure {
  const measure = measures.get(name);
  if (measure === undefined && model.measures.some((each) => each.name === name))
    throw new ExpressionProblem(0, `the measure ${name} is invalid`);
  if (measure === undefined) throw new ExpressionProblem(0, `${model.name} has no measure ${name}${closest(name, measures.keys())}`);
  if (!['sum', 'count', 'average'].includes(measure.aggregation)) {
    throw new ExpressionProblem(
      0,
      `${name} is a ${measure.aggregation}; a rollup keeps sums, counts and averages, which follow from differences`,
    );
  }
  if (measure.aggregation !== 'count' && measure.expression?.type === 'number') {
    throw new ExpressionProblem(0, `${name} adds numbers, not amounts or whole numbers: differences of those are not exact`);
  }
  for (const expression of [measure.expression, measure.filter]) if (expression !== undefined) kept(name, expression);
  return measure;
}

function findTime(
  { time_dimension: name, grain }: ModelRollup,
  linked: LinkedModel,
  measures: readonly LinkedMeasure[],
): LinkedRollup['time'] | null {
  if (name === undefined && grain === undefined) return null;
  if (name === undefined || grain === undefined)
    throw new ExpressionProblem(0, 'a rollup has both a time_dimension and a grain, or neither');
  const dimension = linked.dimensions.get(name);
  if (dimension?.definition.type !== 'time') throw new ExpressionProblem(0, `${linked.model.name} has no dimension of time ${name}`);
  const other = measures.find(({ time }) => time !== dimension);
  if (other !== undefined)
    throw new ExpressionProblem(0, `the time of ${other.definition.name} is ${other.time?.definition.name ?? 'none'}, not ${name}`);
  kept(name, dimension.expression);
  return { dimension, grain };
}
