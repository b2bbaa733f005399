import type { FieldFilter, Filter, FilterValue } from '@sophia/types';
import { allOf, anyOf, type BoundExpression, extentOf, literal, type OperationName, operation } from '../expression/bound-expression.ts';
import { canonicalValue } from '../expression/coerce.ts';
import { describeType } from '../expression/typing.ts';

export const MAX_FILTER_DEPTH = 20;
export const MAX_FILTER_PARTS = 1_000;
const MAX_FILTER_VALUES = 10_000;
/** Most operations and values that the fields of filters come to: a dimension may be thousands of them, and DuckDB plans 20,000 in 1 s. */
const MAX_FILTER_SIZE = 20_000;

/** What is wrong with a filter. */
export class FilterProblem extends Error {
  readonly field: string | undefined;

  constructor(message: string, field?: string) {
    super(message);
    this.name = 'FilterProblem';
    this.field = field;
  }
}

/** Makes a condition of a filter; `resolve` finds what a field's name stands for. Throws `FilterProblem`, or what `resolve` throws. */
export const bindFilter = (filter: Filter, resolve: (field: string) => BoundExpression): BoundExpression => bindFilters([filter], resolve);

/** Makes one condition of filters that all must hold, and that are limited together. Throws the same. */
export function bindFilters(filters: readonly Filter[], resolve: (field: string) => BoundExpression): BoundExpression {
  let parts = 0;
  let values = 0;
  let size = 0;
  const bind = (part: Filter, depth: number): BoundExpression => {
    parts += 1;
    values += 'field' in part ? (part.values?.length ?? 0) : 0;
    if (depth > MAX_FILTER_DEPTH) throw new FilterProblem(`a filter is nested at most ${MAX_FILTER_DEPTH} deep`);
    if (parts > MAX_FILTER_PARTS) throw new FilterProblem(`filters have at most ${MAX_FILTER_PARTS} parts`);
    if (values > MAX_FILTER_VALUES) throw new FilterProblem(`filters have at most ${MAX_FILTER_VALUES} values`);
    if ('and' in part) return allOf(part.and.map((each) => bind(each, depth + 1)));
    if ('or' in part) return anyOf(part.or.map((each) => bind(each, depth + 1)));
    if ('not' in part) return operation('not', 'boolean', [bind(part.not, depth + 1)]);
    const field = resolve(part.field);
    size += extentOf(field).size;
    if (size > MAX_FILTER_SIZE) throw new FilterProblem(`the fields of filters come to at most ${MAX_FILTER_SIZE} operations and values`);
    return bindFieldFilter(part, field);
  };
  return allOf(filters.map((filter) => bind(filter, 1)));
}

function bindFieldFilter(filter: FieldFilter, field: BoundExpression): BoundExpression {
  const { operator, values = [] } = filter;
  const count = VALUE_COUNTS[operator];
  if (values.length < count[0] || values.length > count[1]) {
    const expected = count[0] === count[1] ? `${count[0]}` : `${count[0]} to ${count[1]}`;
    throw new FilterProblem(`${filter.field}: ${operator} takes ${expected} values, found ${values.length}`, filter.field);
  }
  if (operator === 'is_null') return isNull(filter, field, values[0]);
  if (operator === 'contains' && field.type === 'text_list') {
    return operation('list_contains', 'boolean', [field, value(filter, literal('text', null), values[0])]);
  }
  if (field.type === 'json' || field.type === 'text_list') throw unfit(filter, field);
  if ((operator === 'contains' || operator === 'starts_with') && field.type !== 'text') throw unfit(filter, field);
  return compare(filter, field, values);
}

const VALUE_COUNTS: Readonly<Record<FieldFilter['operator'], readonly [number, number]>> = {
  eq: [1, 1],
  ne: [1, 1],
  in: [1, 1000],
  gt: [1, 1],
  gte: [1, 1],
  lt: [1, 1],
  lte: [1, 1],
  between: [2, 2],
  contains: [1, 1],
  starts_with: [1, 1],
  is_null: [0, 1],
};

function isNull(filter: FieldFilter, field: BoundExpression, value: FilterValue | undefined): BoundExpression {
  if (value !== undefined && typeof value !== 'boolean')
    throw new FilterProblem(`${filter.field}: is_null takes true or false`, filter.field);
  const test = operation('is_null', 'boolean', [field]);
  return value === false ? operation('not', 'boolean', [test]) : test;
}

function compare(filter: FieldFilter, field: BoundExpression, values: readonly FilterValue[]): BoundExpression {
  const { operator } = filter;
  if (operator === 'eq' || operator === 'in') return equalsOneOf(filter, field, values);
  if (operator === 'ne') return values[0] === null ? isNull(filter, field, false) : compareWith('ne', filter, field, values[0]);
  if (operator === 'between') return allOf([compareWith('gte', filter, field, values[0]), compareWith('lte', filter, field, values[1])]);
  return compareWith(operator as OperationName, filter, field, values[0]);
}

/** Null among the values stands for the records that have none. */
function equalsOneOf(filter: FieldFilter, field: BoundExpression, values: readonly FilterValue[]): BoundExpression {
  const present = values.filter((each) => each !== null);
  const tests = groupedByMeaning(filter, field, present).map(([read, literals]) =>
    literals.length === 1 ? operation('eq', 'boolean', [read, ...literals]) : operation('in', 'boolean', [read, ...literals]),
  );
  return anyOf(present.length === values.length ? tests : [...tests, operation('is_null', 'boolean', [field])]);
}

/** Days given for an instant are compared with its day, instants with itself. */
function groupedByMeaning(filter: FieldFilter, field: BoundExpression, values: readonly FilterValue[]) {
  const days = values.filter((each) => isDayForInstant(field, each));
  const others = values.filter((each) => !isDayForInstant(field, each));
  const groups: [BoundExpression, BoundExpression[]][] = [
    [field, others.map((each) => value(filter, field, each))],
    [operation('day_of', 'date', [field]), days.map((each) => literal('date', String(each)))],
  ];
  return groups.filter(([, literals]) => literals.length > 0);
}

function compareWith(name: OperationName, filter: FieldFilter, field: BoundExpression, given: FilterValue | undefined): BoundExpression {
  if (isDayForInstant(field, given)) {
    return operation(name, 'boolean', [operation('day_of', 'date', [field]), literal('date', String(given))]);
  }
  return operation(name, 'boolean', [field, value(filter, field, given)]);
}

const isDayForInstant = (field: BoundExpression, given: FilterValue | undefined): boolean =>
  field.type === 'timestamp' && typeof given === 'string' && given.length === 10 && canonicalValue('date', given) === given;

function value(filter: FieldFilter, field: BoundExpression, given: FilterValue | undefined): BoundExpression {
  const canonical = given === null || given === undefined ? undefined : canonicalValue(field.type, given);
  if (canonical !== undefined) return literal(field.type, canonical);
  if (typeof given === 'number' && Number.isInteger(given) && !Number.isSafeInteger(given)) {
    throw new FilterProblem(`${filter.field}: a number beyond 2^53 is exact only as a text`, filter.field);
  }
  const expected = field.type === 'boolean' ? 'true or false' : describeType(field.type);
  throw new FilterProblem(`${filter.field}: ${JSON.stringify(given)} is not ${expected}`, filter.field);
}

const unfit = (filter: FieldFilter, field: BoundExpression): FilterProblem =>
  new FilterProblem(`${filter.field}: ${filter.operator} cannot be applied to ${describeType(field.type)}`, filter.field);
