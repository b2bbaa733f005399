import type { SophiaError } from '@sophia/shared';
import type { MetricDefinition, SemanticModel, SemanticProblem } from '@sophia/types';
import type { EntityReference, LinkedLayer, LinkedModel } from './linked-layer.ts';
import { semanticLayerError } from './semantic-layer-error.ts';

/** The error of a metric that is defined and left out, with what is wrong below it; undefined where it is defined nowhere. */
export function metricLeftOut(name: string, linked: LinkedLayer): SophiaError | undefined {
  const metric = linked.layer.metrics.find((each) => each.name === name);
  return metric === undefined ? undefined : leftOut(`The metric ${name}`, causesOf(metric, linked, new Set()));
}

/** The same of a dimension of a model. */
export function dimensionLeftOut(name: string, { model }: LinkedModel, linked: LinkedLayer): SophiaError | undefined {
  const dimension = model.dimensions.find((each) => each.name === name);
  return dimension === undefined ? undefined : leftOut(`The dimension ${name} of ${model.name}`, problemsOf(linked, dimension));
}

/** The error of a name whose path leads over a reference that the record types do not allow. */
export function referenceLeftOut(name: string, { definition, role, to }: EntityReference, linked: LinkedLayer): SophiaError {
  return leftOut(`${name} leads over the reference ${role}, which`, problemsOf(linked, definition, linked.entities.get(to)?.model));
}

const leftOut = (what: string, problems: readonly SemanticProblem[]): SophiaError =>
  semanticLayerError(problems, `${what} is left out, because of what is wrong with it by the record types as they are:`);

const problemsOf = ({ problems }: LinkedLayer, ...definitions: readonly (object | undefined)[]): readonly SemanticProblem[] =>
  definitions.flatMap((definition) => (definition === undefined ? [] : (problems.get(definition) ?? [])));

/** What is wrong with a metric itself, else with what it is made of; of what was looked at before, nothing. */
function causesOf(metric: MetricDefinition, linked: LinkedLayer, seen: Set<object>): readonly SemanticProblem[] {
  if (linked.metrics.has(metric.name) || seen.has(metric)) return [];
  seen.add(metric);
  const own = problemsOf(linked, metric);
  if (own.length > 0) return own;
  if (metric.type === 'simple' || metric.type === 'cumulative') return causesOfMeasure(metric.measure, linked);
  const inputs = metric.type === 'ratio' ? [metric.numerator, metric.denominator] : metric.inputs.map((input) => input.metric);
  return linked.layer.metrics.filter(({ name }) => inputs.includes(name)).flatMap((input) => causesOf(input, linked, seen));
}

/** What is wrong with a measure itself, else with its model: its record type, or its default time. */
function causesOfMeasure(name: string, linked: LinkedLayer): readonly SemanticProblem[] {
  return linked.layer.models.flatMap((model) => {
    const measure = model.measures.find((each) => each.name === name);
    if (measure === undefined) return [];
    const own = problemsOf(linked, measure);
    return own.length > 0 ? own : problemsOf(linked, model, defaultTimeOf(model));
  });
}

const defaultTimeOf = ({ dimensions, default_time_dimension }: SemanticModel): object | undefined =>
  dimensions.find(({ name }) => name === default_time_dimension);
