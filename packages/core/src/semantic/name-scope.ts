import type { DerivedField, FieldDefinition, FieldType, RecordTypeDefinition } from '@sophia/types';
import { bindExpression, type NameResolver } from '../expression/bind-expression.ts';
import { type BoundExpression, type FieldRead, reachedBy, type ValueType } from '../expression/bound-expression.ts';
import { coerce } from '../expression/coerce.ts';
import { ExpressionProblem } from '../expression/expression.ts';
import { parseExpression } from '../expression/parse-expression.ts';
import { closest } from './closest.ts';
import { describePath, findJoin } from './find-join.ts';
import type { LinkedDimension, LinkedModel } from './linked-layer.ts';

/** What names mean while models are linked: dimensions are bound when first asked for. */
export interface ModelScope {
  readonly linked: LinkedModel;
  /** `depth` is how deep the one is that is asked for, in those that are made of it. */
  readonly dimension: (name: string, at: number, depth?: number) => LinkedDimension | undefined;
}

export type ScopeOf = (linked: LinkedModel) => ModelScope;

/**
 * Finds names as a model's expressions write them: a dimension of the model, a field, a derived field, or
 * `entity.name` by way of references. In a dimension's own expression (`within`) its name is the field.
 */
export function modelNames(scope: ModelScope, scopeOf: ScopeOf, entities: ReadonlyMap<string, LinkedModel>, within?: string): NameResolver {
  return (path, at) => {
    const name = path[path.length - 1] ?? '';
    if (path.length === 1) return ownName(scope, name, at, within);
    const { hops, target } = joinOf(scope.linked, path.slice(0, -1), entities, at);
    return reachedBy(
      hops.map(({ field }) => field),
      ownName(scopeOf(target), name, at, hops.length === 0 ? within : undefined),
    );
  };
}

/** The same for a model that is linked to its end. */
export function namesIn(linked: LinkedModel, entities: ReadonlyMap<string, LinkedModel>): NameResolver {
  const scopeOf: ScopeOf = (each) => ({ linked: each, dimension: (name, at) => linkedDimension(each, name, at) });
  return modelNames(scopeOf(linked), scopeOf, entities);
}

/** One that is left out does not give its name to the field. */
function linkedDimension({ model, dimensions }: LinkedModel, name: string, at: number): LinkedDimension | undefined {
  const dimension = dimensions.get(name);
  if (dimension === undefined && model.dimensions.some((each) => each.name === name)) throw invalidDimension(name, at);
  return dimension;
}

export const invalidDimension = (name: string, at: number): ExpressionProblem =>
  new ExpressionProblem(at, `the dimension ${name} is invalid`);

function ownName(scope: ModelScope, name: string, at: number, within: string | undefined): BoundExpression {
  const { recordType, model } = scope.linked;
  const dimension = name === within ? undefined : scope.dimension(name, at);
  const bound = dimension?.expression ?? fieldOrDerived(recordType, name, at);
  if (bound !== undefined) return bound;
  const known = [...fieldNames(recordType), ...model.dimensions.map((each) => each.name)].filter((each) => each !== name);
  throw new ExpressionProblem(at, `${recordType.name} has no field ${name}${closest(name, known)}`);
}

function joinOf(from: LinkedModel, names: readonly string[], entities: ReadonlyMap<string, LinkedModel>, at: number) {
  const search = findJoin(from, names, entities);
  if (search.kind === 'found') return search.join;
  if (search.kind === 'broken') throw new ExpressionProblem(at, `the reference ${search.reference.role} is invalid`);
  const written = names.join('.');
  if (search.kind === 'ambiguous') {
    const paths = search.paths.map((path) => describePath(from, path));
    throw new ExpressionProblem(at, `${written} is ambiguous: it may be ${paths.join(' or ')}`);
  }
  const roles = from.references.map(({ role }) => role);
  throw new ExpressionProblem(at, `no reference of ${from.model.name} leads to ${written}${closest(written, roles)}`);
}

export const fieldNames = ({ fields, derived = [] }: RecordTypeDefinition): readonly string[] =>
  [...fields, ...derived, ...COMMON_FIELDS].map(({ name }) => name);

/** A field of the record itself, also a derived one; undefined where there is none of that name. */
export function fieldOrDerived(
  recordType: RecordTypeDefinition,
  name: string,
  at: number,
  around: readonly string[] = [],
): BoundExpression | undefined {
  const field = findField(recordType, name);
  if (field !== undefined) return fieldRead(recordType, field);
  const derived = recordType.derived?.find((each) => each.name === name);
  if (derived === undefined) return undefined;
  if (around.includes(name)) throw new ExpressionProblem(at, `the derived field ${name} depends on itself`);
  return bindDerived(recordType, derived, [...around, name]);
}

function bindDerived(recordType: RecordTypeDefinition, derived: DerivedField, around: readonly string[]): BoundExpression {
  const bound = bindExpression(parseExpression(derived.expression), (path, at) => {
    const name = path.join('.');
    const found = fieldOrDerived(recordType, name, at, around);
    if (found === undefined) throw new ExpressionProblem(at, `${recordType.name} has no field ${name}`);
    return found;
  });
  const typed = coerce(bound, valueTypeOf(derived.type));
  if (typed === undefined) throw new ExpressionProblem(0, `the derived field ${derived.name} gives ${bound.type}, not ${derived.type}`);
  return typed;
}

export const findField = (recordType: RecordTypeDefinition, name: string): FieldDefinition | undefined =>
  recordType.fields.find((field) => field.name === name) ?? COMMON_FIELDS.find((field) => field.name === name);

export const fieldRead = (recordType: RecordTypeDefinition, field: FieldDefinition): FieldRead => ({
  kind: 'field',
  type: valueTypeOf(field.type),
  path: [],
  recordType: recordType.name,
  field,
});

/** A reference's value is the source id. */
export const valueTypeOf = (type: FieldType): ValueType => (type === 'reference' ? 'text' : type);

/** What every record has beside the fields of its type. */
export const COMMON_FIELDS: readonly FieldDefinition[] = [
  { name: 'source_system', type: 'text' },
  { name: 'source_id', type: 'text', identifying: true },
  { name: 'business_priority', type: 'text' },
  { name: 'occurred_at', type: 'timestamp' },
  { name: 'created_at', type: 'timestamp' },
];

export const isCommonField = (name: string): boolean => COMMON_FIELDS.some((field) => field.name === name);
