import { type Aggregation, type ModelFilter, type ModelMeasure, TIME_GRAINS } from '@sophia/types';
import { bindExpression, type NameResolver } from '../expression/bind-expression.ts';
import { type BoundExpression, type FieldRead, fieldsOf, type ValueType } from '../expression/bound-expression.ts';
import { isNumeric } from '../expression/coerce.ts';
import { ExpressionProblem } from '../expression/expression.ts';
import { parseExpression } from '../expression/parse-expression.ts';
import { condition, describeType } from '../expression/typing.ts';
import { periodOf } from '../query/resolve-dimension.ts';
import { bindFilter, FilterProblem } from './bind-filter.ts';
import { closest } from './closest.ts';
import { checked, type Report } from './link-problem.ts';
import type { LinkedDimension, LinkedMeasure, LinkedModel } from './linked-layer.ts';
import { invalidDimension } from './name-scope.ts';

/** Binds a measure; what is wrong is reported, and the measure is then undefined. */
export function linkMeasure(definition: ModelMeasure, linked: LinkedModel, names: NameResolver, report: Report): LinkedMeasure | undefined {
  const { aggregation } = definition;
  const expression = checked({ definition, key: 'expression' }, report, () => bindOperand(definition, names));
  const filter = checked({ definition, key: 'filter' }, report, () =>
    definition.filter === undefined ? null : bindModelFilter(definition.filter, names),
  );
  const time = checked({ definition, key: 'time_dimension' }, report, () => findTime(definition, linked));
  if (expression === undefined || filter === undefined || time === undefined) return undefined;
  return {
    definition,
    model: linked.model.name,
    aggregation,
    expression: expression ?? undefined,
    filter: filter ?? undefined,
    time: time ?? undefined,
    type: aggregateType(aggregation, expression?.type ?? 'integer'),
    currencies: expression === null || aggregation === 'count' || aggregation === 'count_distinct' ? [] : currenciesOf(expression),
  };
}

function bindOperand({ name, aggregation, expression, percentile }: ModelMeasure, names: NameResolver): BoundExpression | null {
  if (aggregation === 'percentile' && percentile === undefined)
    throw new ExpressionProblem(0, `${name} needs a percentile between 0 and 1`);
  if (aggregation !== 'percentile' && percentile !== undefined)
    throw new ExpressionProblem(0, `${name} has a percentile, which belongs to the aggregation percentile alone`);
  if (expression === undefined) {
    if (aggregation === 'count') return null;
    throw new ExpressionProblem(0, `${name} needs an expression: only count may do without`);
  }
  const bound = bindExpression(parseExpression(expression), names);
  if (!fits(aggregation, bound.type)) throw new ExpressionProblem(0, `${aggregation} cannot be applied to ${describeType(bound.type)}`);
  return bound;
}

function fits(aggregation: Aggregation, type: ValueType): boolean {
  if (aggregation === 'count') return true;
  if (type === 'json' || type === 'text_list') return false;
  if (aggregation === 'count_distinct') return true;
  if (aggregation === 'min' || aggregation === 'max') return type !== 'boolean';
  return isNumeric(type);
}

function aggregateType(aggregation: Aggregation, operand: ValueType): ValueType {
  switch (aggregation) {
    case 'count':
    case 'count_distinct':
      return 'integer';
    case 'sum':
    case 'min':
    case 'max':
      return operand;
    case 'average':
    case 'median':
    case 'percentile':
      return 'number';
  }
}

/** A model's filter: a condition in the language of expressions, or a filter as in queries. */
export function bindModelFilter(filter: ModelFilter, names: NameResolver): BoundExpression {
  if (typeof filter === 'string') return condition(bindExpression(parseExpression(filter), names), 0);
  return bindFilter(filter, (field) => bindFilterField(field, names));
}

/** A name as in queries: with a grain the first day of the period. */
function bindFilterField(field: string, names: NameResolver): BoundExpression {
  const [, name = field, written] = /^([\w.]+):(.*)$/.exec(field) ?? [];
  const value = bindExpression(parseExpression(name), names);
  if (written === undefined) return value;
  const grain = TIME_GRAINS.find((each) => each === written);
  if (grain === undefined) throw new FilterProblem(`${field}: a grain is one of ${TIME_GRAINS.join(', ')}`, field);
  if (value.type !== 'date' && value.type !== 'timestamp') throw new FilterProblem(`${field}: only dimensions of time have a grain`, field);
  return periodOf(value, grain);
}

/** The time of a measure, null where it has none; undefined where the model's default is wrong, which is reported once, elsewhere. */
function findTime({ time_dimension, name }: ModelMeasure, linked: LinkedModel): LinkedDimension | null | undefined {
  const wanted = time_dimension ?? linked.model.default_time_dimension;
  if (wanted === undefined) return null;
  const dimension = linked.dimensions.get(wanted);
  if (dimension?.definition.type === 'time') return dimension;
  if (time_dimension === undefined) return undefined;
  const times = linked.model.dimensions.filter(({ type }) => type === 'time').map((each) => each.name);
  if (times.includes(wanted)) throw invalidDimension(wanted, 0);
  throw new ExpressionProblem(0, `${name}: ${linked.model.name} has no dimension of time ${wanted}${closest(wanted, times)}`);
}

/** The currency field beside each amount, once. */
function currenciesOf(expression: BoundExpression): readonly FieldRead[] {
  const currencies = new Map<string, FieldRead>();
  for (const read of fieldsOf(expression)) {
    if (read.field.currency === undefined) continue;
    const field = { name: read.field.currency, type: 'text' } as const;
    currencies.set([...read.path, field.name].join('.'), { ...read, type: 'text', field });
  }
  return [...currencies.values()];
}
