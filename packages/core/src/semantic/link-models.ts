import type { ModelDimension, RecordTypeDefinition, SemanticLayer, SemanticModel } from '@sophia/types';
import { bindExpression } from '../expression/bind-expression.ts';
import { type BoundExpression, fieldsOf } from '../expression/bound-expression.ts';
import { ExpressionProblem } from '../expression/expression.ts';
import { parseExpression } from '../expression/parse-expression.ts';
import { describeType } from '../expression/typing.ts';
import { closest } from './closest.ts';
import { linkMeasure } from './link-measure.ts';
import { checked, type Report, tolerated } from './link-problem.ts';
import { linkRollup } from './link-rollup.ts';
import type { EntityReference, LinkedDimension, LinkedMeasure, LinkedModel, LinkedRollup } from './linked-layer.ts';
import { invalidDimension, type ModelScope, modelNames, type ScopeOf } from './name-scope.ts';
import { reportDuplicates } from './report-duplicates.ts';

export interface LinkedModels {
  readonly models: ReadonlyMap<string, LinkedModel>;
  readonly entities: ReadonlyMap<string, LinkedModel>;
}

/** Longest chain of dimensions that are made of dimensions. */
const MAX_DIMENSION_DEPTH = 10;

/** The same as a linked model, while its parts are being found. */
interface GrowingModel extends LinkedModel {
  references: readonly EntityReference[];
  readonly dimensions: Map<string, LinkedDimension>;
  readonly measures: Map<string, LinkedMeasure>;
  readonly rollups: Map<string, LinkedRollup>;
}

/** Links the models: first who they are, then their references, then their expressions, which may reach into each other. */
export function linkModels(layer: SemanticLayer, recordTypes: ReadonlyMap<string, RecordTypeDefinition>, report: Report): LinkedModels {
  reportDuplicates(layer.models, 'model', report);
  const models = new Map<string, GrowingModel>();
  const entities = new Map<string, GrowingModel>();
  for (const model of layer.models) {
    const linked = linkIdentity(model, recordTypes, report);
    models.set(model.name, linked);
    const rival = linked.primary === undefined ? undefined : entities.get(linked.primary);
    if (rival !== undefined) {
      const place = { definition: model, key: 'entities', ofFiles: true } as const;
      report(place, `${linked.primary} is already the primary entity of the model ${rival.model.name}`);
    } else if (linked.primary !== undefined) {
      entities.set(linked.primary, linked);
    }
  }
  const isThere: IsThere = ({ model }) => recordTypes.has(model.record_type);
  for (const linked of models.values()) checkReferences(linked, entities, isThere, report);
  bindModels([...models.values()].filter(isThere), entities, report);
  return { models, entities };
}

/** Whether there is a record type of the model's. */
type IsThere = (linked: LinkedModel) => boolean;

function linkIdentity(model: SemanticModel, recordTypes: ReadonlyMap<string, RecordTypeDefinition>, report: Report): GrowingModel {
  const primaries = model.entities.filter(({ type }) => type === 'primary');
  if (primaries[1] !== undefined) report({ definition: primaries[1], ofFiles: true }, 'a model has one primary entity');
  reportDuplicates(model.entities, 'entity', report);
  reportDuplicates(model.dimensions, 'dimension', report);
  reportDuplicates(model.measures, 'measure', report);
  reportDuplicates(model.rollups, 'rollup', report);
  const primary = primaries[0]?.name;
  const parts = { references: foreignEntities(model), dimensions: new Map(), measures: new Map(), rollups: new Map() };
  const recordType = recordTypes.get(model.record_type);
  if (recordType !== undefined) return { model, recordType, primary, ...parts };
  const hint = closest(model.record_type, recordTypes.keys());
  report({ definition: model, key: 'record_type' }, `there is no record type ${model.record_type}${hint}`);
  return { model, recordType: { ...NOTHING, name: model.record_type }, primary, ...parts };
}

/** Stands for a record type that is not there. */
const NOTHING = { description: '', origin: 'workspace', revision: 0, fields: [] } as const;

const foreignEntities = ({ entities }: SemanticModel): readonly EntityReference[] =>
  entities.flatMap((definition) => {
    if (definition.type === 'primary') return [];
    const { name: role, to = role, field } = definition;
    return [{ definition, role, to, field, isBroken: false }];
  });

function checkReferences(linked: GrowingModel, entities: ReadonlyMap<string, LinkedModel>, isThere: IsThere, report: Report): void {
  linked.references = linked.references.map((reference) => {
    const { definition, role, to } = reference;
    const target = entities.get(to);
    if (target === undefined) {
      report({ definition, key: 'to', ofFiles: true }, `no model has the primary entity ${to}${closest(to, entities.keys())}`);
    } else if (role !== to && entities.has(role)) {
      const place = { definition, key: 'name', ofFiles: true } as const;
      report(place, `${role} is the primary entity of another model, so it cannot name a reference to ${to}`);
    }
    // A model without its record type is reported itself.
    if (!isThere(linked) || target === undefined || !isThere(target)) return { ...reference, isBroken: true };
    const problem = problemOfField(reference, linked.recordType, target);
    if (problem === undefined) return reference;
    report({ definition, key: 'field' }, problem);
    return { ...reference, isBroken: true };
  });
}

function problemOfField({ field, to }: EntityReference, { name, fields }: RecordTypeDefinition, target: LinkedModel): string | undefined {
  const references = fields.filter(({ type }) => type === 'reference');
  const found = references.find((each) => each.name === field);
  if (found === undefined) {
    const names = references.map((each) => each.name);
    return `${name} has no reference ${field}${closest(field, names)}`;
  }
  if (found.references === undefined || found.references === target.recordType.name) return undefined;
  return `${field} refers to a ${found.references}, the entity ${to} is a ${target.recordType.name}`;
}

function bindModels(models: readonly GrowingModel[], entities: ReadonlyMap<string, LinkedModel>, report: Report): void {
  const scopes = new Map<LinkedModel, ModelScope>();
  const scopeOf: ScopeOf = (linked) => scopes.get(linked) ?? { linked, dimension: () => undefined };
  const binders = models.map((linked) => {
    const bindOne = dimensionBinder(linked, scopeOf, entities, report);
    scopes.set(linked, { linked, dimension: bindOne });
    return { linked, bindOne };
  });
  for (const { linked, bindOne } of binders) {
    for (const { name } of linked.model.dimensions) tolerated(() => bindOne(name, 0));
    for (const measure of linked.model.measures) {
      const bound = linkMeasure(measure, linked, modelNames(scopeOf(linked), scopeOf, entities), report);
      if (bound !== undefined) linked.measures.set(measure.name, bound);
    }
    checkDefaultTime(linked, report);
    for (const rollup of linked.model.rollups) {
      const bound = linkRollup(rollup, linked, modelNames(scopeOf(linked), scopeOf, entities), report);
      if (bound !== undefined) linked.rollups.set(rollup.name, bound);
    }
  }
}

/** Binds a dimension when it is first asked for, so that dimensions may use each other in any order. */
function dimensionBinder(
  linked: GrowingModel,
  scopeOf: ScopeOf,
  entities: ReadonlyMap<string, LinkedModel>,
  report: Report,
): ModelScope['dimension'] {
  const underWay = new Set<string>();
  const failed = new Set<string>();
  return function bindOne(name, at, depth = 1) {
    const definition = linked.model.dimensions.find((dimension) => dimension.name === name);
    const known = linked.dimensions.get(name);
    if (definition === undefined || known !== undefined) return known;
    if (underWay.has(name)) throw new ExpressionProblem(at, `the dimension ${name} depends on itself`);
    if (failed.has(name)) throw invalidDimension(name, at);
    // From above, before it is bound: so that no chain exhausts the stack.
    if (depth > MAX_DIMENSION_DEPTH) throw tooDeep(at);
    underWay.add(name);
    const key = definition.expression === undefined ? 'name' : 'expression';
    const dimension = checked({ definition, key }, report, () => {
      const below = scopesBelow(scopeOf, depth);
      const names = modelNames(below.scopeOf(linked), below.scopeOf, entities, name);
      const expression = bindExpression(parseExpression(definition.expression ?? `"${name}"`), names);
      return linkDimension(definition, expression, 1 + below.deepest());
    });
    underWay.delete(name);
    if (dimension !== undefined) {
      linked.dimensions.set(name, dimension);
      return dimension;
    }
    failed.add(name);
    throw invalidDimension(name, at);
  };
}

/** The scopes for a dimension that is itself so deep in others, and how deep those are made of dimensions that it names. */
function scopesBelow(scopeOf: ScopeOf, depth: number): { readonly scopeOf: ScopeOf; readonly deepest: () => number } {
  let deepest = 0;
  const dimensionOf =
    ({ dimension }: ModelScope): ModelScope['dimension'] =>
    (name, at) => {
      const found = dimension(name, at, depth + 1);
      deepest = Math.max(deepest, found?.depth ?? 0);
      if (deepest >= MAX_DIMENSION_DEPTH) throw tooDeep(at);
      return found;
    };
  return { scopeOf: (linked) => ({ linked, dimension: dimensionOf(scopeOf(linked)) }), deepest: () => deepest };
}

const tooDeep = (at: number): ExpressionProblem =>
  new ExpressionProblem(at, `dimensions are made of dimensions at most ${MAX_DIMENSION_DEPTH} deep`);

function linkDimension(definition: ModelDimension, expression: BoundExpression, depth: number): LinkedDimension {
  const isDay = expression.type === 'date' || expression.type === 'timestamp';
  if (
    definition.type === 'time' ? !isDay : expression.type === 'json' || expression.type === 'text_list' || expression.type === 'timestamp'
  ) {
    const expected = definition.type === 'time' ? 'a dimension of time is a day or an instant' : 'a categorical dimension is one value';
    throw new ExpressionProblem(0, `${expected}, not ${describeType(expression.type)}`);
  }
  const readsIdentifying = [...fieldsOf(expression)].some(({ field }) => field.identifying === true);
  return { definition, expression, identifying: definition.identifying ?? readsIdentifying, depth };
}

function checkDefaultTime({ model, dimensions }: LinkedModel, report: Report): void {
  const name = model.default_time_dimension;
  if (name === undefined) return;
  const times = model.dimensions.filter(({ type }) => type === 'time').map((dimension) => dimension.name);
  if (times.includes(name) || dimensions.get(name)?.definition.type === 'time') return;
  report({ definition: model, key: 'default_time_dimension' }, `${model.name} has no dimension of time ${name}${closest(name, times)}`);
}
